"""Pictures as the old pages draw them: into pyplot's current figure, so that notebooks show them by themselves."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib import RcParams
    from matplotlib.axes import Axes

Size = tuple[float, float]


def pyplot() -> ModuleType:
    """matplotlib.pyplot, imported when a page first asks for it."""
    from matplotlib import pyplot

    return pyplot


def use_svg_display() -> None:
    """Sharp pictures in a notebook; elsewhere nothing changes."""
    if "IPython" not in sys.modules or sys.modules["IPython"].get_ipython() is None:
        return
    importlib.import_module("matplotlib_inline.backend_inline").set_matplotlib_formats("svg")


def set_figsize(figsize: Size = (3.5, 2.5)) -> None:
    """The size in inches of the figures to come."""
    use_svg_display()
    pyplot().rcParams["figure.figsize"] = figsize


@cache
def house_style() -> RcParams:
    """The settings of every figure of Polyak's, read once.

    Its folder is looked up and not imported: drawing a way over the plane needs no JAX.
    """
    import matplotlib

    (folder,) = getattr(find_spec("polyak.show"), "submodule_search_locations", None) or ("",)
    return matplotlib.rc_params_from_file(f"{folder}/polyak.mplstyle", use_default_template=False)


@contextmanager
def canvas(figsize: Size) -> Iterator[Axes]:
    """The axes to draw in, in the house style: the page's own where it has begun a figure, else new ones."""
    plt = pyplot()
    use_svg_display()
    with plt.rc_context(house_style()):
        if not plt.get_fignums():
            # Margins that hold the labels; a layout that measures them would draw everything twice.
            plt.figure(figsize=figsize, layout="none").subplots_adjust(0.15, 0.17, 0.97, 0.96)
        yield plt.gca()


def show_losses(losses: Sequence[float], epochs: float) -> None:
    """The loss over all rows, recorded at even distances from the start to the end of the training."""
    with canvas((4.2, 2.8)) as axes:
        axes.plot(np.linspace(0, epochs, len(losses)), losses, color=COLOR, linewidth=1.3)
        axes.grid(visible=True)
        axes.set(xlabel="epoch", ylabel="loss")


def semilogy(
    x_vals: Sequence[float],
    y_vals: Sequence[float],
    x_label: str,
    y_label: str,
    x2_vals: Sequence[float] | None = None,
    y2_vals: Sequence[float] | None = None,
    legend: Sequence[str] | None = None,
    figsize: Size = (3.5, 2.5),
) -> None:
    """One curve or two over a logarithmic axis."""
    plt = pyplot()
    with canvas(figsize) as axes:
        axes.semilogy(x_vals, y_vals, color=COLOR)
        if x2_vals and y2_vals:
            axes.semilogy(x2_vals, y2_vals, color=OTHER_COLOR, linestyle=":")
            axes.legend(legend or ())
        axes.grid(visible=True)
        axes.set(xlabel=x_label, ylabel=y_label)
    plt.show()


COLOR, OTHER_COLOR = "#0072B2", "#D55E00"  # the first two of the house's colours
