"""A page of a later edition, its tabs and its helpers, read as it is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from polyak.book import read
from polyak.book.d2l import downloads, measures, plane, plots
from polyak.book.d2l import torch as d2l
from polyak.book.parse.tabs import of_tab, tabs
from polyak.ground.errors import PolyakError

pytest.importorskip("torch")

PAGE = """# Momentum
:label:`sec_momentum`

```{.python .input}
%load_ext d2lbook.tab
tab.interact_select('mxnet', 'pytorch')
```

```{.python .input}
#@tab mxnet
from d2l import mxnet as d2l
raise SystemError("the other tab ran")
```

```{.python .input}
#@tab pytorch
%matplotlib inline
from d2l import torch as d2l
import torch
```

:begin_tab:`mxnet`
Words of MXNet.
:end_tab:
:begin_tab:`pytorch`
Words of PyTorch.
:end_tab:

```{.python .input}
#@tab all
eta, beta = 0.6, 0.5
def f_2d(x1, x2):
    return 0.1 * x1 ** 2 + 2 * x2 ** 2
def momentum_2d(x1, x2, v1, v2):
    v1 = beta * v1 + 0.2 * x1
    v2 = beta * v2 + 4 * x2
    return x1 - eta * v1, x2 - eta * v2, v1, v2
d2l.show_trace_2d(f_2d, d2l.train_2d(momentum_2d))
```

```{.python .input}
%%tab pytorch
if tab.selected('pytorch'):
    print("chosen", float(d2l.reduce_sum(d2l.ones(3))))
animator = d2l.Animator(xlabel='epoch', legend=['a', 'b'])
animator.add(0, (1, 2)); animator.add(1, (2, None))
```

```{.python .input}
#@tab all
animator.add(2, (3, 3))
```
"""


@pytest.fixture(autouse=True)
def figures_closed() -> Iterator[None]:
    yield
    from matplotlib import pyplot

    pyplot.close("all")


def test_a_page_runs_in_its_tab(folder: Path) -> None:
    (folder / "momentum.md").write_text(PAGE, "utf-8")
    result = read("momentum.md", timeout=120)
    assert result.failures == ()
    assert (result.cells, result.tab) == (4, "pytorch")
    page = result.path.read_text("utf-8")
    # By hand: x_t of the linear recursion in each direction, twenty steps from (-5, -2).
    for name, start, curvature in (("x1", -5.0, 0.2), ("x2", -2.0, 4.0)):
        x, v = start, 0.0
        for _ in range(20):
            v = 0.5 * v + curvature * x
            x -= 0.6 * v
        assert f"{name}: {x:f}" in page
    assert "chosen 3.0" in page
    assert page.count("<img") == 3  # the trace, the curves, and the curves with a point more
    assert "Words of PyTorch" in page
    assert "Words of MXNet" not in page
    assert "@tab mxnet" not in page
    with pytest.raises(PolyakError, match=r"unknown tab of momentum.md 'torch', did you mean 'pytorch'\?"):
        read("momentum.md", tab="torch")
    (folder / "plain.md").write_text("# A\n\n```python\n1\n```\n")
    with pytest.raises(PolyakError, match=r"plain.md has no tabs, and --tab asks for 'jax'"):
        read("plain.md", tab="jax")


def test_other_tabs_leave_their_lines_empty() -> None:
    assert tabs(PAGE) == ("mxnet", "pytorch")
    for tab in tabs(PAGE):
        lines = of_tab(PAGE, tab).split("\n")
        assert len(lines) == len(PAGE.split("\n"))
        assert all(
            line in (ours, "", f"# {ours}") for line, ours in zip(lines, PAGE.split("\n"), strict=True)
        )
    assert "other tab ran" in of_tab(PAGE, "mxnet")
    assert "eta, beta" in of_tab(PAGE, "mxnet")
    assert "import torch" not in of_tab(PAGE, "mxnet")


def test_every_name_is_there_and_a_missing_one_is_said() -> None:
    for name in dir(d2l):
        assert getattr(d2l, name) is not None
    tensor = d2l.arange(6.0)
    assert d2l.size(d2l.reshape(tensor, (2, 3))) == 6
    assert d2l.numpy(d2l.exp(d2l.zeros(2))).tolist() == [1.0, 1.0]
    assert float(d2l.reduce_mean(tensor)) == 2.5
    with pytest.raises(AttributeError, match=r"d2l.torch has no 'train_ch3' here; Polyak brings: train_ch"):
        d2l.train_ch3  # noqa: B018


def test_a_trace_may_hold_tensors_and_its_function_take_them(capsys: pytest.CaptureFixture[str]) -> None:
    import torch

    def trainer(x1: float, x2: float, s1: float, s2: float, f_grad: object) -> tuple[object, ...]:
        return torch.tensor(x1) * 0.5 if not isinstance(x1, torch.Tensor) else x1 * 0.5, x2 / 2, s1, s2

    points = plane.train_2d(trainer, 4, f_grad=lambda *_: None)  # type: ignore[arg-type]
    assert capsys.readouterr().out == f"epoch 4, x1: {-5 / 16:f}, x2: {-2 / 16:f}\n"
    plane.show_trace_2d(lambda x1, x2: torch.exp(x1) + x2**2, points)


def test_curves_are_those_that_were_asked_for() -> None:
    from matplotlib import pyplot

    plots.plot([[1.0, 2.0], [1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]], "x", "y", legend=["a", "b"], xlim=[0, 3])
    axes = pyplot.gca()
    assert [line.get_ydata().tolist() for line in axes.lines] == [[3.0, 4.0], [5.0, 6.0]]  # type: ignore[union-attr]
    assert axes.get_xlim() == (0, 3)
    plots.plot(np.arange(3.0), [np.arange(3.0), np.arange(3.0) ** 2])  # one X for all
    assert [line.get_xdata().tolist() for line in pyplot.gca().lines] == [[0, 1, 2]] * 2  # type: ignore[union-attr]
    plots.plot([4.0, 5.0])  # over their places
    assert pyplot.gca().lines[0].get_xdata().tolist() == [0, 1]  # type: ignore[union-attr]
    animator = plots.Animator(xlabel="epoch")
    animator.add(1, 2.5)
    animator.add(2, (3.5,))
    assert (animator.X, animator.Y) == ([[1.0, 2.0]], [[2.5, 3.5]])
    assert list(animator.axes[0].lines[0].get_ydata()) == [2.5, 3.5]  # type: ignore[arg-type]


def test_files_are_found_by_name_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.csv").write_text("1")
    monkeypatch.setenv("POLYAK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(downloads.DATA_HUB, "own", ("http://127.0.0.1:9/own.csv", "0" * 40))
    assert downloads.download("own", folder=str(tmp_path)) == str(tmp_path / "own.csv")
    with pytest.raises(
        PolyakError, match=r"own.csv is not at hand and http://127.0.0.1:9/own.csv cannot be reached"
    ):
        downloads.download("own")
    assert Path(downloads.download("airfoil")).name == "airfoil_self_noise.dat"


def test_times_add_up(capsys: pytest.CaptureFixture[str]) -> None:
    timer = measures.Timer()
    assert timer.stop() >= 0
    assert math.isclose(timer.sum(), timer.times[0])
    with measures.Benchmark("block"):
        pass
    assert capsys.readouterr().out.startswith("block: 0.0")
    sums = measures.Accumulator(1)
    sums.add(2)
    sums.reset()
    assert sums[0] == 0
