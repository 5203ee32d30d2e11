"""What the reader is told before a document first runs: that it is a program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def tell_once(path: Path, text: str, tell: Callable[[str], None]) -> None:
    """Tell the reader, unless this very text has run here before, that a document runs with their rights.

    What was told is remembered by the text's checksum, an empty file in the folder `read` of Polyak's cache
    (POLYAK_CACHE); where that cannot be written, it is told each time.

    Args:
        path: the document.
        text: what it holds.
        tell: takes the line.

    >>> import os; os.environ["POLYAK_CACHE"] = "/dev/null/none"
    >>> tell_once(Path("a.md"), "text", print)  # doctest: +ELLIPSIS
    a.md is a program: its cells run now, with your rights (...)
    >>> del os.environ["POLYAK_CACHE"]
    """
    from polyak.data.downloads import cache
    from polyak.ground.hashing import sha256

    folder = cache() / "read"
    mark = folder / sha256(text.encode("utf-8", "surrogatepass"))
    try:
        if mark.exists():
            return
        folder.mkdir(parents=True, exist_ok=True)
        mark.touch()
        remembered = f"said once for this text, remembered in {folder}"
    except OSError:
        remembered = f"said each time, for {folder} cannot be written"
    tell(f"{path} is a program: its cells run now, with your rights ({remembered})")
