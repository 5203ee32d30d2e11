"""Every public result shows itself: in words, in one short line, and as a picture or a table that never raises."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import typing
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polyak as pk
from matrices import Batch, matrix_model
from polyak.diagnose import Event, Facts, Watched
from polyak.ground.shown import LONGEST
from polyak.rules import FromOptax, PageRule, Rule
from polyak.run.result import Result

FLOORS = (
    "book",
    "data",
    "diagnose",
    "frameworks",
    "landscapes",
    "models",
    "problems",
    "run",
    "study",
    "sweeps",
    "theory",
    "translate",
    "verify",
)
HEAVY, DESCENT = pk.HeavyBall(lr=0.05, momentum=0.5), pk.GradientDescent(lr=5.0)
WIDE = {"lr": pk.axes.log(0.01, 1, 3), "momentum": pk.axes.linear(0, 0.9, 3)}


@cache
def diabetes() -> Any:
    return pk.linear_regression(pk.data.diabetes())


@cache
def compared() -> Any:
    return pk.compare(
        [pk.HeavyBall, pk.GradientDescent], on=diabetes(), budget=3, seeds=3, tuning_seeds=1, epochs=1
    )


def squared(params: Any, batch: Any) -> Any:
    return ((batch @ params["w"] - 1) ** 2).mean()


@cache
def rows_of_noise() -> Any:
    rows = np.random.default_rng(0).normal(size=(64, 2)).astype(np.float32)
    return pk.model(squared, {"w": np.full(2, 0.1, np.float32)}, np.split(rows, 16))


def layered() -> Any:
    return matrix_model(
        Batch(np.linspace(-1, 3, 60), 4), names=["0.weight", "0.bias", "1.weight"], sizes=[30, 10, 20]
    )


@cache
def split_rows() -> Any:
    """The same with its outputs told from its loss."""
    rows = np.random.default_rng(0).normal(size=(64, 2)).astype(np.float32)
    return pk.model(
        lambda outputs, batch: ((outputs - 1) ** 2).mean(),
        {"w": np.full(2, 0.1, np.float32)},
        np.split(rows, 16),
        forward=lambda params, batch: batch @ params["w"],
    )


def falling() -> Any:
    """A model whose only curvature is negative."""
    return pk.model(lambda w, batch: -(w**2).sum() + 0 * batch.sum(), np.ones(1, np.float32), [np.ones(2)])


@cache
def diagnosed() -> Any:
    rows = np.random.default_rng(0).normal(size=(64, 2)).astype(np.float32)
    model = pk.model(
        lambda outputs, batch: ((outputs - 1) ** 2).mean(),
        np.full(2, 0.1, np.float32),
        np.split(rows, 8),
        forward=lambda params, batch: batch @ params,
    )
    return pk.diagnose(model, HEAVY, top=1)


def a_watch() -> Any:
    torch = importlib.import_module("torch")
    net, loss = torch.nn.Linear(2, 1), torch.nn.MSELoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    return pk.watch(optimizer, pk.model(net, loss, [(torch.ones(4, 2), torch.zeros(4, 1))]))


@cache
def forecasted() -> Any:
    return pk.forecast(split_rows(), HEAVY.replace(lr=0.01), 8, momentum=[0.0, 0.5])


def watched(steps: int = 40) -> Any:
    """A training by hand: a loss that falls, a sharpness that grows, and one warning."""
    facts = Facts(
        "torch", "Net", "torch's SGD", "SGD", {"lr": 0.1}, 5, ("w", "b"), (4, 1), ("f4",) * 2, 4, "a", "1"
    )
    step = np.arange(1.0, steps + 1)
    rows = {"step": step, "lr": 0.1 + 0 * step, "loss": 1 / step, "batch_size": 8 + 0 * step}
    read = step[3::4]
    readings = {"step": read, "sharpness": 1 + read, "edge": 50 + 0 * read, "share": (1 + read) / 50}
    return Watched(facts, rows, readings, (Event(steps, "warned", "it grows"),) * min(1, steps))


# Of each kind of result some that are as they mostly are, and some at the ends: diverged, of one point, not a number.
MADE: dict[str, Callable[[], Any]] = {
    "Trace": lambda: pk.descend(HEAVY, "ravine", 20),
    "Trace that diverged": lambda: pk.descend(DESCENT, "ravine", 2000),
    "Trace of one step": lambda: pk.descend(HEAVY, "ravine", 1),
    "Trace that is nan": lambda: dataclasses.replace(
        pk.descend(HEAVY, "ravine", 2), positions=np.full((3, 2), np.nan), values=np.full(3, np.nan)
    ),
    "Interactive": lambda: pk.show.interactive(pk.descend(HEAVY, "ravine", 20)),
    "History": lambda: pk.train(HEAVY, diabetes(), seeds=2),
    "History that diverged": lambda: pk.train(DESCENT, diabetes(), epochs=20),
    "Response": lambda: pk.response(HEAVY),
    "Response of no momentum": lambda: pk.response(DESCENT, 1),
    "Stability": lambda: pk.stability(HEAVY, "ravine"),
    "Stability of one curvature": lambda: pk.stability(DESCENT, 4.0),
    "Optimum": lambda: pk.optimal(pk.HeavyBall, "ravine"),
    "Optimum of one curvature": lambda: pk.optimal(pk.HeavyBall, [4.0]),
    "Optimum of itself": lambda: pk.optimal(pk.GradientDescent, [1, 9]),
    "Optimum that is nan": lambda: dataclasses.replace(
        pk.optimal(pk.HeavyBall, [1, 9]), log_rates=np.full(2, np.nan)
    ),
    "Guarantee": lambda: pk.guarantee(HEAVY, smoothness=4.0, strong_convexity=0.2),
    "Guarantee that fails": lambda: pk.guarantee(DESCENT, smoothness=400.0, strong_convexity=0.2),
    "ConvexBound": lambda: pk.convex_bound(HEAVY, smoothness=4.0, steps=2),
    "GuaranteedOptimum": lambda: pk.optimal(pk.GradientDescent, [1, 9], over="convex"),
    "Expectation": lambda: pk.expected_loss(HEAVY, diabetes(), steps=30),
    "Expectation that diverged": lambda: pk.expected_loss(DESCENT, diabetes(), steps=400),
    "Drop": lambda: pk.lr_drop(HEAVY, diabetes(), steps=30),
    "Drop in one step": lambda: pk.lr_drop(HEAVY, diabetes(), steps=1),
    "Drop that diverged": lambda: pk.lr_drop(DESCENT, diabetes(), steps=400),
    "ModelStability": lambda: pk.stability(HEAVY, split_rows(), batch_size=4),
    "ModelStability of a saddle": lambda: pk.stability(HEAVY, falling()),
    "BatchEdges": lambda: pk.batch_edges(HEAVY, diabetes(), batch_size=4),
    "Trade": lambda: pk.tradeoff(pk.HeavyBall(lr=0.02, momentum=0.5), diabetes()),
    "Rescaling": lambda: pk.rescale(HEAVY, 4, 8, on=diabetes()),
    "Rescaling without a problem": lambda: pk.rescale(pk.Adam(lr=0.1), 4, 8),
    "Rescaling that diverged": lambda: pk.rescale(DESCENT, 4, 8, on=diabetes(), epochs=100),
    "Comparison": compared,
    "Entry": lambda: compared().entries[0],
    "Tuned": lambda: pk.tune(pk.GradientDescent, on=diabetes(), cells=3, epochs=3, seeds=1),
    "Difference": lambda: compared().differences[0],
    "Best": lambda: pk.best(pk.sweep(pk.HeavyBall, on="ravine", steps=5, **WIDE)),
    "Axis": lambda: pk.axes.log(1e-3, 1, 50),
    "Axis of many values": lambda: pk.axes.values(np.linspace(0.0, 1.0, 999).tolist()),
    "SearchSpace": lambda: pk.search_space(pk.HeavyBall, **WIDE),
    "Data": pk.data.diabetes,
    "Problem": diabetes,
    "Landscape": lambda: pk.landscapes.ravine,
    "RecipeTranslation": lambda: pk.translate(
        "optax.sgd(optax.linear_schedule(0.1, 0.0, 9), 0.9)", to="torch"
    ),
    "ScheduleProof": lambda: made("RecipeTranslation").check(8),
    "GroupedTranslation": lambda: pk.translate(
        "torch.optim.SGD([{'params': a, 'lr': 0.1}, {'params': b, 'lr': 0.2}])", to="optax"
    ),
    "Translation": lambda: pk.translate("keras:SGD", learning_rate=0.1, momentum=0.9, to="torch"),
    "Proof": lambda: pk.translate("mxnet:sgd", learning_rate=0.1, momentum=0.9, to="torch").check(steps=8),
    "Verification": lambda: pk.verify(pk.HeavyBall, against=pk.HeavyBall, lr=0.05, momentum=0.5),
    "StepMap": lambda: pk.theory.step_map(HEAVY),
    "Curvatures": lambda: pk.theory.curvatures("ravine"),
    "Diagnosis": diagnosed,
    "Diagnosis without a part": lambda: dataclasses.replace(
        diagnosed(), stability=None, refused={"stability": "no edge"}
    ),
    "Suggestion": lambda: diagnosed().suggestion,
    "Suggestion of times today's": lambda: dataclasses.replace(diagnosed().suggestion, several=True),
    "Noise": lambda: pk.noise(rows_of_noise()),
    "Noise without an answer": lambda: pk.noise(rows_of_noise(), batches=8),
    "Model": lambda: pk.model(squared, {"w": np.ones(2)}, [np.ones((3, 2))]),
    "Curvature": lambda: pk.curvature(matrix_model(Batch(np.linspace(-1, 3, 60), 4), Batch(np.ones(60), 4))),
    "Curvature by layer": lambda: pk.curvature(layered(), top=3, bottom=2, by="layer"),
    "Curvature of nothing": lambda: pk.curvature(matrix_model(Batch(np.zeros(1), 1)), top=2),
    "Density": lambda: pk.curvature(layered(), top=2).density,
    "ModelTask": lambda: importlib.import_module("polyak.models.task").as_task(split_rows()),
    "Watch": a_watch,
    "Forecast": forecasted,
    "Forecast in part": lambda: dataclasses.replace(
        forecasted(), losses=np.where(forecasted().at > 4, np.nan, forecasted().losses)
    ),
    "Watched": watched,
    "Watched for no step": lambda: watched(0),
    "Watched that is nan": lambda: dataclasses.replace(
        watched(), readings={name: np.nan * values for name, values in watched().readings.items()}
    ),
    "Explanation": lambda: pk.explain(watched()),
    "Explanation of a step": lambda: pk.explain(watched(), step=9),
    "ClosedForm": lambda: pk.optimal(pk.HeavyBall, [1, 9]).closed_form,
    "Reading": lambda: pk.book.Reading(Path("a.html"), failures=("line 3: NameError",)),
    "Separated": lambda: pk.book.Separated(Path("a.skl.md"), Path("a.xlf"), 3, 1),
    "Section": lambda: importlib.import_module("polyak.study").Section("The rule", paragraphs=["One."]),
}


@cache
def made(what: str) -> Any:
    return MADE[what]()


def kinds_of(annotation: Any) -> set[type]:
    """The classes of ours that an annotation names."""
    if inspect.isclass(annotation):
        return {annotation} if annotation.__module__.startswith("polyak.") else set()
    return set().union(*map(kinds_of, typing.get_args(annotation)))


def returns(function: Callable[..., Any]) -> Any:
    """What a function says that it returns; None where that is imported for type checkers alone, as xarray's are."""
    try:
        return eval(function.__annotations__["return"], function.__globals__)
    except NameError:
        return None


def returned() -> dict[type, str]:
    """What the public functions return, by their annotations; rules and what is served are no results."""
    found: dict[type, str] = {}
    for home in (pk, *(importlib.import_module(f"polyak.{floor}") for floor in FLOORS)):
        for name in home.__all__:
            function = getattr(home, name)
            if inspect.isfunction(function):
                for kind in kinds_of(returns(function)):
                    found[kind] = f"{home.__name__}.{name}"
    found.pop(pk.frameworks.Stepper, None)
    return {kind: name for kind, name in found.items() if not issubclass(kind, Rule | FromOptax | PageRule)}


def descendants(kind: type) -> set[type]:
    return {kind, *(below for child in kind.__subclasses__() for below in descendants(child))}


def ours(kind: type) -> set[type]:
    """All that are made from a class of ours in the package itself; the classes of tests are not."""
    return {found for found in descendants(kind) - {kind} if found.__module__.startswith("polyak.")}


def written() -> set[str]:
    """The classes of the package that are results, by their text: no framework is imported to find them."""
    bases = {
        node.name: {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        for path in Path(pk.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
    }
    found = {"Shown"}
    while more := {name for name, above in bases.items() if above & found} - found:
        found |= more
    return found - {"Shown", "Result"}


def test_none_is_left_out() -> None:
    """A new result shows itself, and stands above."""
    results = written() | {kind.__name__ for kind in returned()}
    missing = results - {type(made(what)).__name__ for what in MADE} - {"Lab"}
    assert not missing, f"give MADE, in {__file__}, one of each: {missing}"
    for kind, function in returned().items():
        assert hasattr(kind, "_repr_html_") or hasattr(kind, "_repr_markdown_"), f"what {function} returns"


@pytest.mark.parametrize("what", MADE)
def test_it_has_a_short_line(what: str) -> None:
    line = repr(made(what))
    assert line.splitlines() == [line]
    assert 0 < len(line) <= LONGEST


@pytest.mark.parametrize("what", MADE)
def test_it_shows_itself_in_a_notebook(what: str) -> None:
    result = made(what)
    if not hasattr(result, "_repr_html_"):
        assert result._repr_markdown_()
        return
    html = result._repr_html_()
    if isinstance(result, Result) and "nan" not in what:  # of which nothing can be drawn
        assert '<img alt="' in html, "a picture"
    else:
        assert any(tag in html for tag in ("<img", "<table", "<ul")), "a table"
    if "xr-wrap" not in html:  # xarray's own view has both
        assert "color:" not in html, "the notebook's own colours, light or dark"


@pytest.mark.parametrize("kind", sorted(ours(Result), key=lambda kind: kind.__name__))
def test_each_result_has_a_figure(kind: type) -> None:
    from polyak import show
    from polyak.show.plotting import figure_of

    draw = figure_of(kind)
    assert draw is not None
    assert draw.__name__ in show.__all__


def test_a_picture_that_fails_gives_way_to_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("no ink")

    for what in ("Trace", "History", "Optimum", "Verification", "Comparison"):
        result = made(what)
        with monkeypatch.context() as patched:
            patched.setattr(Result, "plot", broken)
            html = result._repr_html_()
            assert "<img" not in html
            assert any(tag in html for tag in ("<table", "xr-wrap"))
            patched.setattr(type(result), "_table", broken)
            assert result._repr_html_() in (f"<p>{words(result)}</p>", f"<pre>{words(result)}</pre>")


def words(result: Any) -> str:
    import html

    return html.escape(str(result))


def test_a_figure_registers_itself() -> None:
    from matplotlib.figure import Figure

    from polyak.show import draws, plot
    from polyak.show.drawn import DRAWN

    class Mine(Result):
        def __str__(self) -> str:
            return "mine"

    assert "<img" not in Mine()._repr_html_()

    @draws(Mine)
    def mine_figure(result: Mine) -> Figure:
        return Figure()

    try:
        assert isinstance(plot(Mine()), Figure)
        assert isinstance(Mine().plot(), Figure)
        assert "<img" in Mine()._repr_html_()
    finally:
        del DRAWN[Mine]


def test_the_translation_is_one_line_and_its_html_says_all() -> None:
    translation = made("Translation")
    assert repr(translation).startswith("Translation(torch.optim.SGD(")
    assert all(words(line) in translation._repr_html_() for line in translation.words())


def test_a_notebook_s_formatter_takes_each() -> None:
    from IPython.core.formatters import HTMLFormatter

    for what in ("Optimum", "Drop", "Best", "Translation"):
        assert HTMLFormatter()(made(what)) == made(what)._repr_html_()
