"""The files that the command line named: loaded, watched, and loaded again when they are saved."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from polyak.ground.errors import PolyakError
from polyak.lab.background import with_line
from polyak.lab.kinds import Kind
from polyak.landscapes import Landscape

Content: TypeAlias = Kind | Landscape


@dataclass(eq=False)
class WatchedFile:
    """What stands in a file of the user's own.

    Attributes:
        spelled: what the command line named, my_rule.py:sgd_momentum.
        load: reads the file and returns what stands there, or raises PolyakError.
        content: what stood there when it last could be read; None where it never could.
        trouble: what is wrong with the file now, in one line; empty where nothing is.
    """

    spelled: str
    load: Callable[[], Content]
    content: Content | None = None
    trouble: str = ""
    seen: tuple[int, int] = field(default=(0, 0))

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.spelled.rpartition(":")[0])

    def changed(self) -> bool:
        """Whether the file was saved since this was last asked."""
        try:
            facts = os.stat(self.path)
            now = facts.st_mtime_ns, facts.st_size
        except OSError:
            now = (0, 0)
        before, self.seen = self.seen, now
        return now != before

    def read(self) -> None:
        """Load what stands in the file; where that fails, what stood there before stays, and `trouble` says why."""
        try:
            self.content, self.trouble = self.load(), ""
        except PolyakError as error:
            self.trouble = in_file(error, self.path)


def in_file(error: PolyakError, path: Path) -> str:
    """The error in one line, with the line of the file that it came from."""
    frames = traceback.extract_tb((error.__cause__ or error).__traceback__)
    own = [frame for frame in frames if Path(frame.filename).resolve() == path.resolve()]
    return with_line(str(error), own, path)
