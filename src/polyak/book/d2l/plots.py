"""Pictures of the later editions' pages, in the house's style; a growing curve is drawn once, when its cell is done."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from polyak.book.gluonbook.figures import Size, house_style, pyplot, set_figsize, use_svg_display

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Row: TypeAlias = Any
"""A curve's numbers: a list, an array or a tensor; or several of them."""

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
DASHES = ("-", "--", "-.", ":")
SIZE: Size = (4.2, 2.8)


def set_axes(
    axes: Axes,
    xlabel: str | None,
    ylabel: str | None,
    xlim: Sequence[float] | None,
    ylim: Sequence[float] | None,
    xscale: str,
    yscale: str,
    legend: Sequence[str] | None,
) -> None:
    """Labels, limits, scales and legend of axes, and a grid."""
    axes.set(xlabel=xlabel or "", ylabel=ylabel or "", xscale=xscale, yscale=yscale)
    if xlim is not None:
        axes.set_xlim(*xlim)
    if ylim is not None:
        axes.set_ylim(*ylim)
    if legend:
        axes.legend(legend)
    axes.grid(visible=True)


def plot(
    X: Row,
    Y: Row = None,
    xlabel: str | None = None,
    ylabel: str | None = None,
    legend: Sequence[str] | None = None,
    xlim: Sequence[float] | None = None,
    ylim: Sequence[float] | None = None,
    xscale: str = "linear",
    yscale: str = "linear",
    fmts: Sequence[str] = DASHES,
    figsize: Size = SIZE,
    axes: Axes | None = None,
) -> None:
    """Curves: Y over X, each one row or several; one X serves all, and without Y each X is drawn over its places."""
    rows_x, rows_y = _rows(X), _rows(Y)
    if not rows_y:
        rows_x, rows_y = [[]] * len(rows_x), rows_x
    if len(rows_x) != len(rows_y):
        rows_x = rows_x * len(rows_y)
    plt = pyplot()
    set_figsize(figsize)
    with plt.rc_context(house_style()):
        axes = axes or plt.gca()
        axes.cla()
        for k, (x, y) in enumerate(zip(rows_x, rows_y, strict=False)):
            _curve(axes, x, y, k, fmts)
        set_axes(axes, xlabel, ylabel, xlim, ylim, xscale, yscale, legend)


def _rows(given: Row) -> list[Row]:
    """Several curves' numbers, of one or of several."""
    if given is None:
        return []
    one = given.ndim == 1 if hasattr(given, "ndim") else not (len(given) and hasattr(given[0], "__len__"))
    if one and not hasattr(given, "ndim") and len(given) and getattr(given[0], "ndim", 0):
        one = False
    return [given] if one else list(given)


def _numbers(row: Row) -> list[float]:
    return [float(value) for value in row]


def _curve(axes: Axes, x: Row, y: Row, k: int, fmts: Sequence[str]) -> None:
    dashes = next((dash for dash in ("--", "-.", ":") if dash in fmts[k % len(fmts)]), "-")
    numbers = _numbers(y)
    places = _numbers(x) if len(x) else list(range(len(numbers)))
    axes.plot(places, numbers, color=COLORS[k % len(COLORS)], linestyle=dashes, linewidth=1.3)


class Animator:
    """Curves that grow, a point at a time; the picture shows once, when its cell is done.

    Attributes:
        X: where each curve's points stand.
        Y: how high.
    """

    def __init__(
        self,
        xlabel: str | None = None,
        ylabel: str | None = None,
        legend: Sequence[str] | None = None,
        xlim: Sequence[float] | None = None,
        ylim: Sequence[float] | None = None,
        xscale: str = "linear",
        yscale: str = "linear",
        fmts: Sequence[str] = DASHES,
        nrows: int = 1,
        ncols: int = 1,
        figsize: Size = SIZE,
    ) -> None:
        use_svg_display()
        plt = pyplot()
        with plt.rc_context(house_style()):
            self.fig, grid = plt.subplots(nrows, ncols, figsize=figsize, squeeze=False)
        self.axes = list(grid.flat)
        self.fmts = fmts
        self.X: list[list[float]] = []
        self.Y: list[list[float]] = []
        self.config_axes: Callable[[], None] = lambda: set_axes(
            self.axes[0], xlabel, ylabel, xlim, ylim, xscale, yscale, legend
        )
        self.stale = False
        shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
        if shell is not None:
            shell.events.register("post_execute", self._show_again)

    def add(self, x: Row, y: Row) -> None:
        """A point more on each curve; None adds none to it."""
        heights = list(y) if hasattr(y, "__len__") else [y]
        places = list(x) if hasattr(x, "__len__") else [x] * len(heights)
        self.X = self.X or [[] for _ in heights]
        self.Y = self.Y or [[] for _ in heights]
        for k, (place, height) in enumerate(zip(places, heights, strict=False)):
            if place is not None and height is not None:
                self.X[k].append(float(place))
                self.Y[k].append(float(height))
        self._draw()

    def _draw(self) -> None:
        """The curves as they are, in a figure that is drawn to the screen when its cell is done."""
        axes = self.axes[0]
        if len(axes.lines) != len(self.X):
            with pyplot().rc_context(house_style()):
                axes.cla()
                for k in range(len(self.X)):
                    _curve(axes, [], [], k, self.fmts)
                self.config_axes()
        for line, x, y in zip(axes.lines, self.X, self.Y, strict=True):
            line.set_data(x, y)
        axes.relim()
        axes.autoscale_view()  # of the limits that the page did not set
        self.stale = not pyplot().fignum_exists(self.fig.number)

    def _show_again(self) -> None:
        """A picture that an earlier cell has shown shows itself again, for it has more points."""
        if self.stale:
            self.stale = False
            importlib.import_module("IPython.display").display(self.fig)


def annotate(text: str, xy: Sequence[float], xytext: Sequence[float]) -> None:
    """Words beside a point of the current axes, and an arrow from them to it."""
    pyplot().gca().annotate(text, xy=tuple(xy), xytext=tuple(xytext), arrowprops={"arrowstyle": "->"})


def show_images(
    imgs: Row, num_rows: int, num_cols: int, titles: Sequence[str] | None = None, scale: float = 1.5
) -> Row:
    """Pictures of grey or colour in rows and columns, each under its title; the axes they stand in."""
    use_svg_display()
    plt = pyplot()
    _, grid = plt.subplots(num_rows, num_cols, figsize=(num_cols * scale, num_rows * scale), squeeze=False)
    for k, (axes, image) in enumerate(zip(grid.flat, imgs, strict=False)):
        axes.imshow(image.detach().numpy() if hasattr(image, "detach") else image)
        axes.set_axis_off()
        if titles:
            axes.set_title(titles[k])
    return grid.flatten()
