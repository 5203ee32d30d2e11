"""How every figure looks: one style sheet, and how a rule is named and coloured in it."""

from __future__ import annotations

import functools
import io
import math
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogLocator, NullFormatter

from polyak.ground.files import cannot_be_written, whole_file
from polyak.ground.numbers import readable
from polyak.show.places import picture_format

if TYPE_CHECKING:
    from polyak.rules import Optimizer
    from polyak.rules.hyperparameters import Hyperparameter

P = ParamSpec("P")
SMALLEST, LARGEST = 1e-250, 1e250  # beyond these sizes matplotlib's own arithmetic overflows
TIED = "\u00a0"  # a space that no line ends at
PRIVATE = 0xE000  # letters that no text has
TITLE_WIDTH = 58  # letters, of the narrowest picture
LETTERS_PER_INCH = 16  # of a legend; each entry has a line and spaces of about 8 letters beside its text

STYLE_SHEET = Path(__file__).with_name("polyak.mplstyle")
# A marker and a dash beside each colour: rules stay apart in black and white.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")  # Okabe & Ito
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 1)))


# Settings of the machine, not of a picture: these stay the user's.
OF_THE_MACHINE = re.compile(r"(backend|interactive|toolbar|timezone|webagg|tk|macosx|docstring|keymap)\b")


@functools.cache
def _style() -> Any:  # noqa: ANN401
    """Every setting that a picture has: matplotlib's own defaults, and the style sheet over them."""
    style: dict[Any, Any] = dict(matplotlib.rcParamsDefault)
    style.update(matplotlib.rc_params_from_file(STYLE_SHEET, use_default_template=False))
    return {name: value for name, value in style.items() if not OF_THE_MACHINE.match(name)}


def in_style() -> AbstractContextManager[None]:
    """The style for the time of a `with`, whatever the user's own settings are; they are back afterwards."""
    return matplotlib.rc_context(_style())


class PolyakFigure(Figure):
    """A matplotlib Figure, made without pyplot, that shows itself in a notebook and keeps its style in a file."""

    def savefig(self, *arguments: Any, **options: Any) -> None:
        """As matplotlib's, within the style sheet; laid out once, where matplotlib would do so in a dry run too."""
        with in_style():
            layout = self.get_layout_engine()
            if layout is not None:
                layout.execute(self)
            # With no engine at all: beside one that does nothing, matplotlib would draw all once more, for its layout.
            with matplotlib.rc_context({"figure.constrained_layout.use": False, "figure.autolayout": False}):
                self.set_layout_engine(None)
            try:
                super().savefig(*arguments, **options)
            finally:
                self.set_layout_engine(layout)

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=110)
        return buffer.getvalue()


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """A function that draws within the style sheet, whatever the user's own settings are."""

    @functools.wraps(draw)
    def drawn(*arguments: P.args, **options: P.kwargs) -> Figure:
        with in_style():
            return draw(*arguments, **options)

    return drawn


def new_figure(width: float, height: float) -> PolyakFigure:
    """An empty figure, in inches."""
    return PolyakFigure(figsize=(width, height))


def words(text: str) -> str:
    r"""Text of the user's own, such as a file's name, in which a dollar begins no formula.

    >>> print(words("price_$"))
    price_\$
    """
    return text.replace("$", r"\$")


def heading(axes: Axes, text: str) -> None:
    """A title that breaks between words before it leaves the picture."""
    axes.set_title(filled(text, TITLE_WIDTH))


def filled(text: str, width: int) -> str:
    r"""Text in lines of at most so many letters, a formula counted by what is seen of it.

    >>> filled(r"heavy ball, $\eta$ = 0.25, $\gamma$ = 0.25", 34)
    'heavy ball, $\\eta$ = 0.25, $\\gamma$ = 0.25'
    """
    formulas: list[str] = []

    def away(found: re.Match[str]) -> str:
        formulas.append(found[0])
        return chr(PRIVATE + len(formulas) - 1) * max(1, len(re.sub(r"\\[a-z]+ ?", "x", found[0])) - 2)

    joined = re.sub(r"(?<!\\)\$[^$]*\$", away, text).replace(" = ", f"{TIED}={TIED}")
    short = textwrap.fill(joined, width, break_on_hyphens=False).replace(TIED, " ")
    for k, formula in enumerate(formulas):
        short = re.sub(chr(PRIVATE + k) + "+", formula.replace("\\", r"\\"), short)
    return short


def legend_below(figure: Figure, handles: Sequence[Any], labels: Sequence[str]) -> None:
    """A legend below the axes, in as many columns as fit side by side; the figure grows by its lines."""
    room = int(LETTERS_PER_INCH * figure.get_figwidth())
    broken = [filled(text, room - 8) for text in labels]
    longest = max(len(re.sub(r"\$[^$]*\$", "x", line)) for text in broken for line in text.splitlines())
    columns = max(1, min(3, room // (longest + 8)))
    lines = -(-len(labels) // columns) + sum(text.count("\n") for text in broken)
    figure.set_figheight(figure.get_figheight() + 0.18 * (lines - 1))
    figure.legend(handles, broken, loc="outside lower center", ncols=columns)


def one_legend_below(figure: Figure, panels: Sequence[Axes]) -> None:
    """Each label of several axes once, in a legend below all of them; nothing where none has a label."""
    labelled = {
        text: handle
        for axes in panels
        for handle, text in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    if labelled:
        legend_below(figure, list(labelled.values()), list(labelled))


def few_ticks(axes: Axes, which: str = "y") -> None:
    """Numbers on an axis that can be told apart: plain ones where a logarithmic axis spans little, else few."""
    axis = axes.yaxis if which == "y" else axes.xaxis
    low, high = sorted(axis.get_view_interval())
    if axis.get_scale() == "symlog":
        powers = math.ceil(math.log10(max(abs(low), abs(high), 10)))
        sizes = [10.0**power for power in range(0, powers + 1, -(-powers // 3))][1:]
        ticks = [*(-size for size in sizes[::-1]), 0.0, *sizes]
        axis.set_major_locator(FixedLocator([each for each in ticks if low <= each <= high]))
    elif axis.get_scale() == "log" and 0 < low < high < 30 * low and 1e-3 < low < high < 1e5:
        axis.set_major_locator(
            LogLocator(subs=(1, 2, 5) if high > 4 * low else (1, 1.5, 2, 3, 4, 6, 8), numticks=9)
        )
        axis.set_major_formatter("{x:.4g}")
        axis.set_minor_formatter(NullFormatter())


def set_log_scale(axes: Axes, low: float, high: float) -> None:
    """A logarithmic y axis from `low` to `high`, with as many numbers on it as can be told apart."""
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    decades = math.log10(high / low)
    axes.yaxis.set_major_formatter("{x:.3g}")
    axes.yaxis.set_minor_formatter("{x:.3g}" if decades < 1.5 else NullFormatter())
    if 0.6 < decades < 1.5:
        axes.yaxis.set_minor_locator(LogLocator(subs=(2, 3, 5)))


def series(index: int) -> dict[str, Any]:
    """The colour, dash and marker of the n-th rule in a picture: no two of 49 have all three in common.

    >>> [series(k)["color"] == series(0)["color"] for k in (6, 7)], series(0)["marker"], series(7)["marker"]
    ([False, True], 'o', 's')
    """
    again = index // len(COLORS)
    return {
        "color": COLORS[index % len(COLORS)],
        "linestyle": DASHES[(index + again) % len(DASHES)],
        "marker": MARKERS[(index + again) % len(MARKERS)],
    }


def label(rule: Optimizer) -> str:
    """A rule's name and settings in symbols.

    >>> from polyak.rules import HeavyBall
    >>> label(HeavyBall(lr=0.6, momentum=0.5))
    'heavy ball, $\\\\eta$ = 0.6, $\\\\gamma$ = 0.5'
    """
    numbers: dict[str, Hyperparameter] = getattr(rule, "hyperparameters", dict)()
    kind: object = type(rule)
    defaults = {field.name: field.default for field in fields(kind)} if is_dataclass(kind) else {}
    shown = []
    for setting, value in rule.settings().items():
        if callable(value):
            shown.append(f"{_symbol(numbers, setting)} scheduled")
        elif value != defaults.get(setting):
            number = not numbers or setting in numbers
            spelled = readable(value, 6) if isinstance(value, float) and number else value
            shown.append(f"{_symbol(numbers, setting) if number else setting.replace('_', ' ')} = {spelled}")
    return ", ".join([rule.name().replace("_", " "), *shown])


def _symbol(numbers: Mapping[str, Hyperparameter], setting: str) -> str:
    return f"${numbers[setting].symbol}$" if setting in numbers else setting


def svg(figure: Figure) -> bytes:
    """A figure as SVG, for a page and for the file beside it: the same figure makes the same picture."""
    buffer = io.BytesIO()
    with in_style():
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def save(figure: Figure, path: str | Path, *, made_from: str = "") -> Path:
    """Write a figure, whole or not at all, in the format that its name ends in: svg, png or pdf.

    An svg says what it was `made_from`, where that is given.

    Raises PolyakError for another ending and for a folder that cannot be written.
    """
    path = Path(path)
    ending = picture_format(path)
    # A date in the file would make every run's picture a new one.
    source = {"Source": made_from} if made_from else {}
    undated = {"svg": {"Date": None, **source}, "pdf": {"CreationDate": None}}.get(ending, {})
    with cannot_be_written(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as part, in_style():
            figure.savefig(part, format=ending, metadata=undated)
    return path
