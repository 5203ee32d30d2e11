"""The old names as modules of their own: `import gluonbook`, `import d2lzh`, `from d2l import torch as d2l` ...

`install` puts a finder before all others; `uninstall` takes it away, with what it brought. Nothing is installed by
importing Polyak: `polyak read` does it, in the kernel that runs the document.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from polyak.book.gluonbook.missing import AskedFor, absent

# Each old module, and the module of ours that answers for it.
BOOK = dict.fromkeys(("gluonbook", "gluonbook.utils", "d2lzh", "d2lzh.utils"), "polyak.book.gluonbook")
OTHER_SPELLINGS = {"ndarray": "nd", "ndarray.random": "random", "nd.random": "random", "initializer": "init"}
OTHER_SPELLINGS |= {"numpy": "np", "numpy_extension": "npx"}
OTHER_SPELLINGS |= {"gluon.data.vision": "gluon.vision", "gluon.data.vision.transforms": "gluon.transforms"}
LAYERS = ("gluon", *(f"gluon.{part}" for part in ("nn", "loss", "data", "parameter", "block", "trainer")))
MX = {
    name: name
    for name in ("nd", "random", "autograd", "init", "base", "context", "lr_scheduler", "np", "npx", *LAYERS)
} | OTHER_SPELLINGS
LATER = {"d2l": "polyak.book.d2l", **{f"d2l.{tab}": f"polyak.book.d2l.{tab}" for tab in ("torch", "mxnet")}}
OURS = BOOK | LATER | {"mxnet": "polyak.book.gluonbook.mx"}
OURS |= {f"mxnet.{old}": f"polyak.book.gluonbook.mx.{own}" for old, own in MX.items()}
ROOTS = {name.partition(".")[0] for name in OURS}

_set_aside: dict[str, ModuleType] = {}
_shown_before: dict[str, Any] = {}


class OldModule(ModuleType):
    """A module under an old name: its contents are ours, found when they are asked for."""

    def __getattr__(self, name: str) -> AskedFor:
        inner = f"{self.__name__}.{name}"
        if inner in OURS:
            return importlib.import_module(inner)
        if name == "__all__":
            return dir(self)
        if name.startswith("__"):
            raise AttributeError(name)
        ours = importlib.import_module(OURS[self.__name__])
        _show_numbers_plainly()
        try:
            return getattr(ours, name)
        except AttributeError:
            raise AttributeError(absent(self.__name__, name, dir(self))) from None

    def __dir__(self) -> list[str]:
        ours = importlib.import_module(OURS[self.__name__])
        inner = (name.rpartition(".") for name in OURS)
        names = {name for parent, _, name in inner if parent == self.__name__}
        names.update(getattr(ours, "__all__", None) or dir(ours))
        return sorted(name for name in names if not name.startswith("_"))


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the old modules, and says of what is missing in them what there is instead."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of an old module; None for what is none of theirs.

        Raises ModuleNotFoundError for a name under theirs that Polyak does not bring.
        """
        if fullname.partition(".")[0] not in ROOTS:
            return None
        if fullname not in OURS:
            parent, _, name = fullname.rpartition(".")
            raise ModuleNotFoundError(absent(parent, name, dir(sys.modules[parent])))
        # Each is a package, so that `from it import name` asks this finder about a name that is missing.
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """A module of the old name."""
        return OldModule(spec.name, f"{spec.name}, as far as Polyak brings it: see {OURS[spec.name]}.")

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run: what is in it is found when it is asked for."""


_finder = Finder()


class Tab:
    """What a page asks which tab it is read in: `tab.selected('mxnet', 'pytorch')`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def selected(self, *names: str) -> bool:
        """Whether it is one of these.

        >>> Tab("pytorch").selected("mxnet", "pytorch"), Tab("pytorch").selected("jax")
        (True, False)
        """
        return self.name in {word.strip() for name in names for word in name.split(",")}


def install(tab: str = "") -> None:
    """Let the old names be imported from here, before any other package of those names.

    Args:
        tab: the tab of a later edition's page that is read; the page's cells then have it as `tab`.

    >>> install()
    >>> from mxnet import nd
    >>> nd.ones(2).sum().asscalar()
    2.0
    >>> from gluonbook import train_ch9  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ModuleNotFoundError: gluonbook has no 'train_ch9' here; Polyak brings: ...
    >>> uninstall()
    """
    if _finder not in sys.meta_path:
        _set_aside.update(_taken_out())
        sys.meta_path.insert(0, _finder)
        bring_back_svg()
    shell: Any = sys.modules["IPython"].get_ipython() if tab and "IPython" in sys.modules else None
    if shell is not None:
        shell.user_ns["tab"] = Tab(tab)


def _show_numbers_plainly() -> None:
    """From the first use of an old name on a number shows itself as it did in those days: 2.5, not np.float32(2.5)."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and not _shown_before:
        _shown_before["legacy"] = numpy.get_printoptions()["legacy"]
        numpy.set_printoptions(legacy="1.25")


def bring_back_svg() -> None:
    """`IPython.display.set_matplotlib_formats`, which pages call and IPython 9 has no more, where IPython runs."""
    display: Any = sys.modules.get("IPython.display")
    if display is not None and not hasattr(display, "set_matplotlib_formats"):
        inline = importlib.import_module("matplotlib_inline.backend_inline")
        display.set_matplotlib_formats = inline.set_matplotlib_formats


def uninstall() -> None:
    """Take the old names away again, and put back what stood there before."""
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
        _taken_out()
        sys.modules.update(_set_aside)
        _set_aside.clear()
        if _shown_before:
            import numpy as np

            np.set_printoptions(**_shown_before)
            _shown_before.clear()


def _taken_out() -> dict[str, ModuleType]:
    """Every module under the old names, removed from what is imported."""
    theirs = [name for name in sys.modules if name.partition(".")[0] in ROOTS]
    return {name: sys.modules.pop(name) for name in theirs}
