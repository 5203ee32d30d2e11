"""What every install brings is enough for rules, descents, trainings, theory and pictures; the rest names its extra."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from patience import PATIENCE

HERE = """
import json, sys, warnings

HIDDEN = {
    "IPython", "bokeh", "clarabel",
    "cloudpickle", "cvxpy", "dask", "distributed", "fsspec", "ipykernel", "jinja2", "keras",
    "lxml", "markdown_it", "math_core", "mdit_py_plugins", "nbclient", "nbconvert", "nbformat", "nh3", "numcodecs",
    "optax", "pandas", "pooch", "s3fs", "sklearn", "torch", "xarray", "zarr",
}


class Without:
    '''A finder that finds none of these.'''

    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in HIDDEN else self.finder.find_spec(name, path, target)


sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
warnings.simplefilter("ignore")
import numpy as np
import polyak as pk
from polyak import cli

rule = pk.HeavyBall(lr=0.1, momentum=0.5)
problem = pk.linear_regression(([[1.0], [2.0], [4.0]], [1.0, 2.0, 3.0]))
asked = {
    "a picture": lambda: pk.descend(rule, "ravine").plot(),
    "a notebook": lambda: pk.descend(rule, "ravine")._repr_html_(),
    "training": lambda: pk.train(rule, problem, batch_size=2),
    "stability": lambda: pk.stability(rule, "ravine"),
    "the best setting": lambda: pk.optimal("heavy_ball", [0.2, 4]),
    "expected_loss": lambda: pk.expected_loss(rule, problem, batch_size=1, steps=3),
    "a table's file": lambda: pk.data.read("a.csv"),
    "a translation": lambda: pk.translate("torch:SGD", lr=0.1, to="keras").check(),
    "a model": lambda: pk.model(lambda w, x: ((x @ w) ** 2).mean(), np.ones(2), [np.ones((3, 2))]),
    "to_xarray": lambda: pk.descend(rule, "ravine").to_xarray(),
    "a history's": lambda: pk.train(rule, problem, batch_size=2).to_xarray(),
    "a theory's": lambda: pk.stability(rule, "ravine").to_xarray(),
    "phase_diagram": lambda: pk.phase_diagram("heavy_ball"),
    "sweep": lambda: pk.sweep("heavy_ball", lr=[0.1, 0.2], momentum=0.5),
    "compare": lambda: pk.compare(["heavy_ball", "nesterov"], on=problem),
    "load_sweep": lambda: pk.load_sweep("a.zarr"),
    "diabetes": lambda: pk.data.diabetes(),
    "lab": lambda: pk.lab(rule),
    "study": lambda: pk.study(rule, "out"),
    "read": lambda: pk.read("a.md"),
    "convex_bound": lambda: pk.convex_bound(rule, smoothness=4, steps=2),
    "guarantee": lambda: pk.guarantee(rule, smoothness=4, strong_convexity=1),
    "to_torch": lambda: pk.to_torch(rule),
    "verify": lambda: pk.verify(rule, against="torch:SGD", lr=0.1, momentum=0.5),
    "convert_state": lambda: pk.convert_state({}, frm="torch:SGD", to="keras:SGD", lr=0.1),
    "polyak trace": lambda: cli.main("trace heavy_ball --lr 0.1 --momentum 0.5 --out a.svg".split()),
    "polyak data": lambda: cli.main(["data"]),
    "polyak conventions": lambda: cli.main(["conventions"]),
    "polyak lab": lambda: cli.main(["lab"]),
    "polyak study": lambda: cli.main("study heavy_ball --lr 0.1 --momentum 0.5 --out out".split()),
    "polyak trace optax": lambda: cli.main("trace optax:sgd --learning_rate 0.1".split()),
}
answers = {}
for what, ask in asked.items():
    try:
        ask()
        answers[what] = "done"
    except pk.PolyakError as error:
        answers[what] = str(error)
    except SystemExit as left:
        answers[what] = f"exit code {left.code}"
    except BaseException as error:
        answers[what] = f"{type(error).__name__}: {error}"
print("\\n" + json.dumps(answers))
"""
DONE = (
    "a picture", "a notebook", "training", "stability", "the best setting", "expected_loss", "a table's file",
    "a translation", "a model",
)  # fmt: skip
EXTRAS = {
    "to_xarray": "sweep", "a history's": "sweep", "a theory's": "sweep", "phase_diagram": "sweep", "sweep": "sweep",
    "compare": "sweep", "load_sweep": "sweep", "diabetes": "data", "lab": "lab", "study": "study", "read": "book",
    "guarantee": "certify", "convex_bound": "certify", "to_torch": "torch", "verify": "torch", "convert_state": "torch",
}  # fmt: skip
CODES = {
    "polyak trace": 0,
    "polyak data": 0,
    "polyak conventions": 0,
    "polyak lab": 2,
    "polyak study": 2,
    "polyak trace optax": 2,
}


def test_what_an_install_brings_is_enough_and_the_rest_names_its_extra(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n3,4\n5,7\n")
    (tmp_path / "a.md").write_text("# A\n\n```python\n1\n```\n")
    done = subprocess.run(
        [sys.executable, "-c", HERE],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    answers = json.loads(done.stdout.splitlines()[-1])
    assert {what: answers.pop(what) for what in DONE} == dict.fromkeys(DONE, "done")
    for what, extra in EXTRAS.items():
        said = answers.pop(what)
        assert f"not installed: pip install 'polyak[{extra}]'" in said, (what, said)
    assert answers == {what: f"exit code {code}" for what, code in CODES.items()}
    lines = [line for line in done.stderr.splitlines() if line.startswith("polyak: ")]
    assert len(lines) == 3, done.stderr
    assert "Traceback" not in done.stderr
