"""The lab in a notebook: a picture that a saved one shows, and in its place the live page where a browser reaches it.

A browser may stand elsewhere than the kernel: behind JupyterHub, in Colab, in a window of VS Code. The output tries
each way that there may be, and keeps the first that answers for this very lab: `alive` under the lab's key. The key,
letters that nobody guesses, stands in for the lab's own name (`visitors.py`): a proxy has a name that the lab cannot
know.
"""

from __future__ import annotations

import base64
import html
import io
import json
import os
from importlib.resources import files

from tornado.web import RequestHandler

from polyak.lab.shared import Shared

FRAME = 1000  # pixels of height
ALIVE = "polyak"  # what is answered under the key

HINT = (
    "This browser reaches no lab here: run the cell again if its kernel has ended; where the kernel is on another "
    "machine, install jupyter-server-proxy beside Jupyter there. lab.export('lab.html') makes a page that needs no "
    "server."
)


class Alive(RequestHandler):
    """That the lab of this key is there; said to any page, for who knows the key has it from the lab."""

    def get(self) -> None:
        """One word."""
        self.set_header("Access-Control-Allow-Origin", "*")
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.write(ALIVE)


def shown(lab: Shared, address: str, port: int, key: str) -> str:
    """The HTML of a lab in a notebook, and where it is served; an address of no letters where it is not."""
    rules = ", ".join(str(lab.offer.rule(chosen)) for chosen in lab.first.rules)
    words = html.escape(f"Polyak's lab: {rules} on {lab.first.landscape}.", quote=True)
    picture = _picture(lab)
    image = (
        f'<img alt="{words}" src="data:image/png;base64,{picture}" style="max-width: 100%">'
        if picture
        else ""
    )
    still = f"<p>{words}</p>{image}"
    if not address:
        return f"<div>{still}<p>It is not served: lab.serve() serves it.</p></div>"
    about = {
        "id": f"polyak-lab-{key[:12]}",
        "title": "Polyak's lab",
        "port": port,
        "key": key,
        "address": address,
        "base": os.environ.get("JUPYTERHUB_SERVICE_PREFIX", ""),
        "alive": ALIVE,
        "height": FRAME,
        "hint": HINT,
    }
    script = files("polyak.lab").joinpath("notebook.js").read_text("utf-8")
    filled = script.replace("LAB;", f"{json.dumps(about)};".replace("</", "<\\/"), 1)
    live = html.escape(address)
    link = f'<p>Live at <a href="{live}" target="_blank" rel="noreferrer">{live}</a></p>'
    return f'<div id="{about["id"]}">{still}{link}</div><script>{filled}</script>'


def _picture(lab: Shared) -> str:
    """What the lab begins with, as a picture in base64; nothing where it cannot be drawn."""
    from polyak.lab.computing.descents import descents_of
    from polyak.show import trace_figure

    buffer = io.BytesIO()
    try:
        traces = [
            descent.trace() for descent in descents_of(lab.first, lab.offer.reaching(lab.first.landscape))
        ]
        trace_figure(traces).savefig(buffer, format="png", dpi=90)
    except Exception:  # a notebook does not stop at a picture
        return ""
    return base64.b64encode(buffer.getvalue()).decode()
