"""The lab in a notebook: a still picture for who cannot reach it, and a way in under a proxy's name for who can."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from patience import PATIENCE


def asked(address: str, **headers: str):
    return urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=PATIENCE)


def test_under_its_key_the_lab_answers_by_any_name(served):
    key = served.serving.key
    with asked(f"{served.address}{key}/", Host="hub.example") as page:
        assert b"place-trace" in page.read()
    with asked(f"{served.address}{key}/alive", Host="hub.example", Origin="https://hub.example") as alive:
        assert (alive.read(), alive.headers["Access-Control-Allow-Origin"]) == (b"polyak", "*")
    with asked(f"{served.address}{key}/static/js/bokeh.min.js", Host="hub.example") as script:
        assert script.status == 200


@pytest.mark.parametrize("path", ["", "alive", "no-key/", "no-key/alive", "/", "static/js/bokeh.min.js"])
def test_without_the_key_another_name_is_refused(served, path):
    with pytest.raises(urllib.error.HTTPError) as refused:
        asked(f"{served.address}{path}", Host="evil.example")
    with refused.value as answer:
        assert answer.code == 403


def test_a_saved_notebook_shows_a_picture_and_says_what_to_do(served):
    shown = served._repr_html_()
    assert 'src="data:image/png;base64,' in shown
    assert "jupyter-server-proxy" in shown
    assert "heavy_ball" in shown
    assert repr(served) == f"Lab({served.address})"


def test_a_page_elsewhere_opens_the_live_lab(browser, served):
    """The notebook's output in a page of another origin, as the one of a saved notebook or of a local Jupyter is."""
    page = f"<!doctype html><meta charset=utf-8><body>{served._repr_html_()}</body>".encode()

    class Notebook(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/" else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page if self.path == "/" else b"")

        def log_message(self, *_):
            pass

    notebook = HTTPServer(("127.0.0.1", 0), Notebook)
    Thread(target=notebook.serve_forever, daemon=True).start()
    try:
        browser.driver.get(f"http://127.0.0.1:{notebook.server_port}/")
        browser.until(lambda: browser.js("return document.querySelectorAll('iframe').length") == 1)
        browser.driver.switch_to.frame(0)
        browser.until(lambda: browser.js("return !!window.Bokeh && Bokeh.documents.length > 0"))
        browser.until(lambda: "polyak trace" in browser.get("lines", "text"))
    finally:
        browser.driver.switch_to.default_content()
        browser.driver.get("about:blank")
        notebook.shutdown()
        notebook.server_close()
    browser.errors()


def test_what_is_written_into_the_script_is_json(served):
    shown = served._repr_html_()
    script = shown[shown.index("<script>") + 8 : shown.rindex("</script>")]
    assert "</" not in script
    assert json.dumps(served.serving.key) in script
