"""How every figure looks: one style sheet, and how a rule is named and coloured in it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec

import matplotlib
from matplotlib.figure import Figure

from polyak.errors import PolyakError, unknown
from polyak.show.formats import FORMATS

P = ParamSpec("P")

STYLE_SHEET = Path(__file__).with_name("polyak.mplstyle")
# A marker and a dash beside each colour: rules stay apart in black and white.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")  # Okabe & Ito
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 1)))


class PolyakFigure(Figure):
    """A matplotlib Figure, made without pyplot, that shows itself in a notebook."""

    def _repr_png_(self) -> bytes:
        import io

        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=110)
        return buffer.getvalue()


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """A function that draws within the style sheet, whatever the user's own settings are."""

    @functools.wraps(draw)
    def drawn(*arguments: P.args, **options: P.kwargs) -> Figure:
        with matplotlib.rc_context(fname=STYLE_SHEET):
            return draw(*arguments, **options)

    return drawn


def new_figure(width: float, height: float) -> PolyakFigure:
    """An empty figure, in inches."""
    return PolyakFigure(figsize=(width, height))


def series(index: int) -> dict[str, Any]:
    """The colour, dash and marker of the n-th rule in a picture."""
    return {
        "color": COLORS[index % len(COLORS)],
        "linestyle": DASHES[index % len(DASHES)],
        "marker": MARKERS[index % len(MARKERS)],
    }


def label(rule: Any) -> str:
    """A rule's name and settings in symbols.

    >>> from polyak.rules import HeavyBall
    >>> label(HeavyBall(lr=0.6, momentum=0.5))
    'heavy ball, $\\\\eta$ = 0.6, $\\\\gamma$ = 0.5'
    """
    name = rule.name().replace("_", " ")
    about = rule.hyperparameters() if hasattr(rule, "hyperparameters") else {}
    shown = []
    for setting, value in rule.settings().items():
        symbol = f"${about[setting].symbol}$" if setting in about else setting
        default = setting in about and _default(rule, setting) == value
        if callable(value):
            shown.append(f"{symbol} scheduled")
        elif (setting in about and not default) or (not about and value is not None):
            shown.append(f"{symbol} = {value:g}" if isinstance(value, float) else f"{symbol} = {value}")
        elif setting not in about and _default(rule, setting) != value:
            shown.append(f"{setting.replace('_', ' ')} = {value}")
    return ", ".join([name, *shown])


def _default(rule: Any, setting: str) -> Any:
    import dataclasses

    if not dataclasses.is_dataclass(rule):
        return None
    return next(field.default for field in dataclasses.fields(rule) if field.name == setting)


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure, whole or not at all, in the format that its name ends in: svg, png or pdf.

    Raises PolyakError for another ending and for a folder that cannot be written.
    """
    path = Path(path)
    ending = path.suffix.lstrip(".").lower()
    if ending not in FORMATS:
        raise unknown("picture format", ending or path.name, FORMATS)
    part = path.with_name(f".{path.name}.part")
    # A date in the file would make every run's picture a new one.
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(ending, {})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with matplotlib.rc_context(fname=STYLE_SHEET):
            figure.savefig(part, format=ending, metadata=undated)
        part.replace(path)
    except OSError as error:
        raise PolyakError(f"{path} cannot be written: {error.strerror or error}") from None
    finally:
        if part.parent.is_dir():
            part.unlink(missing_ok=True)
    return path
