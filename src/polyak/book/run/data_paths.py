"""Files of data that a page names by a path of its own, such as `../data/name.dat`: found in POLYAK_DATA by name.

A relative path that leads nowhere is looked for there by whatever reads files in the cells: `open`, and the functions
of READERS. Whoever finds nothing is told so.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from ipykernel.zmqshell import ZMQInteractiveShell
    from IPython.core.interactiveshell import ExecutionInfo

R = TypeVar("R")

READERS = {
    **dict.fromkeys(("genfromtxt", "loadtxt", "fromfile", "load"), "numpy"),
    **dict.fromkeys(("read_csv", "read_table", "read_fwf", "read_excel"), "pandas"),
}
WORDS = re.compile(r"\b(" + "|".join(READERS) + r")\b")
FOLDER = "POLYAK_DATA"
TO_READ = {"r", "rb", "rt", "br", "tr"}


def look_for_data(shell: ZMQInteractiveShell) -> None:
    """Let the cells of this kernel find data by name; what reads files is made to as a cell first speaks of it."""
    space = shell.user_ns
    space["open"] = finding(space.get("open", open), opens=True)

    def before(info: ExecutionInfo) -> None:
        for name in {*WORDS.findall(str(info.raw_cell))}:
            if importlib.util.find_spec(READERS[name]) is None:
                continue
            module = importlib.import_module(READERS[name])
            if not hasattr(getattr(module, name), "finds"):
                setattr(module, name, finding(getattr(module, name)))

    shell.events.register("pre_run_cell", before)


def finding(read: Callable[..., R], *, opens: bool = False) -> Callable[..., R]:
    """A function that reads a file, its first argument, and finds it in POLYAK_DATA where it is not at its path.

    One that `opens` files reads them in some of its modes alone.
    """

    @functools.wraps(read)
    def read_found(*given: Any, **options: Any) -> R:
        mode = options.get("mode", given[1] if len(given) > 1 else "r") if opens else "r"
        if not given or not _is_missing(given[0]) or mode not in TO_READ:
            return read(*given, **options)
        place = in_data(given[0])
        if place is not None:
            return read(str(place), *given[1:], **options)
        try:
            return read(*given, **options)
        except FileNotFoundError:
            raise FileNotFoundError(f"{given[0]} is not there, {_elsewhere(given[0])}") from None

    vars(read_found)["finds"] = True
    return read_found


def in_data(path: str | os.PathLike[str]) -> Path | None:
    """The file of that name in the folder that POLYAK_DATA names, or the airfoil data wherever they are kept."""
    name, folder = Path(path).name, os.environ.get(FOLDER)
    if folder and (Path(folder) / name).is_file():
        return Path(folder) / name
    airfoil = importlib.import_module("polyak.data.airfoil")
    found: Path | None = airfoil.at_hand() if name == airfoil.FILE else None
    return found


def _is_missing(path: object) -> bool:
    """Whether it is a relative path, and nothing is there."""
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        return False
    place = Path(os.fsdecode(path))
    return not place.is_absolute() and "://" not in str(path) and not place.exists()


def _elsewhere(path: str | os.PathLike[str]) -> str:
    folder = os.environ.get(FOLDER)
    return (
        f"nor is {Path(path).name} in {FOLDER}, {folder}"
        if folder
        else f"and {FOLDER} names no folder to look in"
    )
