"""The server: its port, its files, the files that it watches, and tabs that go away."""

from __future__ import annotations

import csv
import io
import socket
import threading
import time
import urllib.request
from contextlib import closing

import numpy as np
import pytest

import polyak as pk
from patience import PATIENCE
from polyak.lab import room
from polyak.lab.background import Background
from polyak.lab.budget import Budget
from polyak.lab.lab import Lab, lab
from polyak.lab.link import encoded
from polyak.lab.server import Serving
from polyak.lab.state import Chosen, State

RULE = """
def sgd_momentum(params, states, hyperparams):
    for p, v in zip(params, states):
        v[:] = hyperparams['momentum'] * v + hyperparams['lr'] * p.grad
        p[:] -= v
"""


def answers(address: str) -> bool:
    with closing(urllib.request.urlopen(address, timeout=PATIENCE)) as page:
        return page.status == 200 and b"token" in page.read()


def test_port_in_use_takes_the_next(served):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        serving = Serving(served, "127.0.0.1", port, ())
        try:
            assert port < serving.port <= port + 50
            assert answers(serving.address)
        finally:
            serving.stop()


def test_address_that_is_not_this_machine_s(served, refused):
    with refused("cannot listen on 192.0.2.1"):
        Serving(served, "192.0.2.1", 0, ())


@pytest.mark.parametrize("ending", ["svg", "png", "csv"])
def test_downloads(served, ending):
    state = State(
        rules=(Chosen("heavy_ball", {"lr": 0.6, "momentum": 0.5}), Chosen("adam", {"lr": 0.3})), steps=12
    )
    with closing(
        urllib.request.urlopen(f"{served.address}trace.{ending}?state={encoded(state)}", timeout=PATIENCE)
    ) as found:
        assert found.headers["Content-Disposition"] == f'attachment; filename="trace.{ending}"'
        body = found.read()
    if ending != "csv":
        assert body.startswith({"svg": b"<?xml", "png": b"\x89PNG"}[ending])
        return
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    trace = pk.descend(pk.HeavyBall(lr=0.6, momentum=0.5), "ravine", 12)
    assert [float(row["x1"]) for row in rows[:13]] == trace.positions[:, 0].tolist()
    assert [float(row["distance"]) for row in rows[:13]] == trace.distances.tolist()
    assert len(rows) == 26


def test_file_with_an_error_is_shown_with_its_line_and_mended_on_save(browser, folder):
    from polyak.cli.commands.lab import _lab
    from polyak.cli.typed import Typed

    path = folder / "my_rule.py"
    path.write_text(RULE.replace("p.grad", "p.grad +"))
    made = _lab(["my_rule.py:sgd_momentum"], [], Typed(), None)
    made.warm_up()
    made.serve()
    try:
        browser.open(made.address)
        assert "my_rule.py, line 4" in browser.get("trouble", "text")
        path.write_text(RULE)
        browser.until(lambda: browser.get("rule", "value") == "sgd_momentum")
        browser.until(lambda: browser.get("trouble", "text") == "")
        browser.set("number_lr", 0.6)
        expected = pk.descend(pk.HeavyBall(lr=0.6, momentum=0.5), "ravine", 20).positions[:, 0]
        browser.until(
            lambda: np.allclose(np.array(browser.column("trace0", "x1"), float), expected, rtol=1e-12)
        )
        path.write_text(RULE.replace("p[:] -= v", "p[:] -= 2 * w"))
        browser.until(lambda: "my_rule.py, line 5" in browser.get("trouble", "text"))
        path.write_text(RULE.replace("p[:] -= v", "p[:] -= 2 * v"))
        browser.until(lambda: browser.get("trouble", "text") == "")
        twice = pk.descend(pk.HeavyBall(lr=1.2, momentum=0.5), "ravine", 1).positions[:, 0]
        browser.until(lambda: np.allclose(np.array(browser.column("trace0", "x1")[:1], float), twice[:1]))
        browser.driver.get("about:blank")  # before its server ends
    finally:
        made.stop()


def test_killed_tab_ends_its_work(driver, served, monkeypatch):
    monkeypatch.setattr(room, "UNUSED", 1000)  # a second, where twenty are as good
    ended, serving = threading.Event(), Serving(served, "127.0.0.1", 0, ())
    driver.switch_to.new_window("tab")
    page = _opened(driver, served, serving.address)
    begun = served.background.begin(
        lambda tell: _forever(tell, ended), done=lambda *_: None, failed=lambda *_: None
    )
    page.panels["training"].task = begun
    driver.close()
    driver.switch_to.window(driver.window_handles[0])
    assert ended.wait(PATIENCE)
    assert answers(serving.address)
    serving.stop()


def _opened(driver, served, address):
    before = set(served.pages)
    driver.get(address)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        driver.get_log("browser")
        if driver.execute_script(
            "return !!window.Bokeh && Bokeh.documents.length > 0 && Bokeh.documents[0].is_idle"
        ):
            return next(iter(served.pages - before))
    raise AssertionError("the page was not drawn")


def _forever(tell, ended: threading.Event) -> None:
    try:
        while True:
            tell(0, 1)
            time.sleep(0.01)
    finally:
        ended.set()


def test_greedy_session_waits_and_others_do_not(refused):
    now = [0.0]
    budget = Budget(share=0.5, most=1.0, clock=lambda: now[0])
    with budget.spending():
        now[0] += 3.0
    # Two seconds more than was saved up; a second and a half came meanwhile, the other half takes one more.
    assert budget.wait() == pytest.approx(1.0)
    assert Budget(clock=lambda: now[0]).wait() == 0.0


def test_background_work_is_limited_and_cancelled(refused, monkeypatch):
    from polyak.lab import background

    monkeypatch.setattr(background, "MOST_WAITING", 2)
    made, ended = Background(), threading.Event()
    tasks = [
        made.begin(lambda tell: _forever(tell, ended), done=lambda *_: None, failed=lambda *_: None)
        for _ in range(2)
    ]
    with refused("busy"):
        made.begin(lambda _: None, done=lambda *_: None, failed=lambda *_: None)
    for task in tasks:
        task.cancel()
    assert ended.wait(PATIENCE)
    made.stop()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"on": "ravin"}, ["ravine"]),
        ({"on": pk.landscapes.quadratic([1.0, 2.0, 3.0])}, ["3 coordinates", "2"]),
        ({"data": "airfoil"}, ["no problem"]),
        ({"steps": 0}, ["steps is 0", "1000"]),
        ({"steps": 5000}, ["steps is 5000"]),
    ],
)
def test_bad_input_to_the_function(refused, options, words):
    with refused(*words):
        lab(pk.HeavyBall(lr=0.1, momentum=0.5), **options)


def test_rules_of_every_kind_in_one_lab():
    import optax

    made = lab(
        pk.from_optax(optax.adam, learning_rate=0.1),
        pk.Nesterov,
        pk.HeavyBall(lr=lambda k: 0.1, momentum=0.5),
        "adam",
    )
    try:
        names = [chosen.rule for chosen in made.first.rules]
        assert names == ["optax:adam", "nesterov", "heavy_ball (yours)", "adam"]
        assert isinstance(made, Lab)
        assert f'href="{made.address}"' in made._repr_html_()
        assert answers(made.address)
    finally:
        made.stop()


def test_package_and_function_share_a_name():
    import subprocess
    import sys

    script = "import polyak.lab.state, polyak; print(callable(polyak.lab))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert done.stdout == "True\n"


def test_nothing_is_begun_once_the_lab_goes_down():
    """A page may still ask while the server ends: it is not wanted any more, and that is no error."""
    made, heard = Background(), []
    made.stop()
    task = made.begin(
        lambda _: heard.append("work"),
        done=lambda *_: heard.append("done"),
        failed=lambda *_: heard.append("failed"),
    )
    assert task.stopped.is_set()
    assert (heard, made.waiting) == ([], 0)
