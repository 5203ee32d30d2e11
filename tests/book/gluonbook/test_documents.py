"""Documents in the manner of the book's other chapters simply run, under the old names."""

import re
from pathlib import Path

import numpy as np
import pytest

FENCE = re.compile(r"^```(?:python|\{\.python[^}\n]*\})\n(.*?)^```", re.MULTILINE | re.DOTALL)
CHAPTERS = Path(__file__).parent / "chapters"
BEST = 0.242145  # least squares on airfoil


@pytest.fixture
def read(old_names, pyplot, capsys, monkeypatch):
    """Run a document's cells in one namespace: what is in it then, what was printed, how many figures came."""
    shown = []

    def show():
        """As a notebook does: what is open is shown, and closed."""
        shown.extend(pyplot.get_fignums())
        pyplot.close("all")

    monkeypatch.setattr(pyplot, "show", show)

    def run(name):
        from polyak.book.gluonbook.mx import random

        random.seed(0)
        namespace = {}
        for code in FENCE.findall((CHAPTERS / name).read_text(encoding="utf-8")):
            exec(
                "".join(line for line in code.splitlines(keepends=True) if not line.startswith("%")),
                namespace,
            )
            show()
        return namespace, capsys.readouterr().out.splitlines(), len(shown)

    return run


def losses(lines):
    return [float(line.split(",")[0].removeprefix("loss: ")) for line in lines if line.startswith("loss: ")]


def test_descent(read):
    page, printed, figures = read("descent.md")
    assert printed[:2] == ["at rate 0.2, x: 0.060466", "at rate 1.1, x: 61.917364"]
    assert re.fullmatch(r"epoch 20, x1 -?\d\.\d{6}, x2 -?\d\.\d{6}", printed[2])
    assert figures == 4
    assert page["rates"][0] == 0.5


def test_minibatches(read, airfoil_file):
    page, printed, figures = read("minibatches.md")
    found = losses(printed)
    assert len(found) == 5
    assert all(BEST < loss < 0.26 for loss in found), found
    assert len(page["opened"]) == 1 + 2 * 15
    assert page["by_gluon"] == pytest.approx(found[-1], abs=0.01)
    assert figures == 4


def test_adaptive(read, airfoil_file):
    page, printed, figures = read("adaptive.md")
    assert printed[0] == "epoch 20, x1 -0.002295, x2 -0.000000"
    found = losses(printed)
    assert len(found) == 8
    assert all(BEST < loss < 0.256 for loss in found), found
    assert page["hyperparams"] == {"lr": 0.01, "t": 1 + 2 * 151}
    assert figures == 9


def test_regression(read):
    page, printed, figures = read("regression.md")
    w, b = page["by_hand"]
    weight, bias = page["by_layers"]
    for found in (w.T, weight):
        np.testing.assert_allclose(found.asnumpy(), [[2, -3.4]], atol=0.005)
    for found in (b, bias):
        np.testing.assert_allclose(found.asnumpy(), [4.2], atol=0.005)
    assert printed[2].startswith("epoch 3, loss 0.0000")
    assert printed[5].startswith("epoch 3, loss: 0.0000")
    assert page["norms"][1] < 0.2 * page["norms"][0]
    assert figures == 3  # the points, and one for each fit
