"""What a cause says of a training: that it is found, with its evidence, or why not; each cause registers itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.ground.registry import Catalogue, import_all

if TYPE_CHECKING:
    from polyak.diagnose.explain.seen import Seen


@dataclass(frozen=True)
class Evidence:
    """One number of the records.

    Attributes:
        step: where it was recorded.
        what: what it is, in words.
        value: it.
        expected: what it would be without the cause, in words.
    """

    step: int
    what: str
    value: float
    expected: str

    def __str__(self) -> str:
        return f"{self.what} {readable(self.value)} at step {self.step} ({self.expected})"


@dataclass(frozen=True)
class Finding:
    """A cause that was found.

    Attributes:
        cause: its name.
        strength: how sure it is, from 0 to 1: 1 where the records show it itself, at the step; near 1/2 where it is
            there and may be without effect.
        said: what happened, a sentence.
        evidence: the numbers with their steps, the strongest first.
        change: what to change, and by how much.
        ground: on what ground.
        layer: in which layer; empty where it is in all.
    """

    cause: str
    strength: float
    said: str
    evidence: tuple[Evidence, ...]
    change: str
    ground: str
    layer: str = ""

    def __str__(self) -> str:
        shown = "; ".join(str(each) for each in self.evidence)
        return f"{self.said} Evidence: {shown}. Change: {self.change} Ground: {self.ground}"


@dataclass(frozen=True)
class NotFound:
    """A cause that was looked at and not found, or that could not be looked at.

    Attributes:
        why: in words.
        looked: whether the records had what it takes.
    """

    why: str
    looked: bool = True


def first_missing(missing: Mapping[str, bool]) -> NotFound | None:
    """Why a cause is not found: the first of these words whose condition is missed; None where none is.

    >>> first_missing({"the lr is small": False, "the loss fell": True})
    NotFound(why='the loss fell', looked=True)
    """
    return next((NotFound(why) for why, missed in missing.items() if missed), None)


Verdict: TypeAlias = Finding | NotFound
Find: TypeAlias = "Callable[[Seen], Verdict]"


@dataclass(frozen=True)
class Cause:
    """A way in which a training goes wrong.

    Attributes:
        name: as it is named first.
        looks_at: what of the records it reads, in words.
        find: whether it is found.
        seen_in: two columns of the records that a picture of it shows below the loss.
    """

    name: str
    looks_at: str
    find: Find
    seen_in: tuple[str, str]


LENGTHS = ("gradient_norm", "update_norm")  # where a cause names none, and where none was found

CAUSES = Catalogue[Cause]("cause")


def cause(name: str, *, looks_at: str, seen_in: tuple[str, str] = LENGTHS) -> Callable[[Find], Find]:
    """Register a function as the finder of a cause; the file that it stands in is the cause's home."""

    def register(find: Find) -> Find:
        CAUSES.add(name, Cause(name, looks_at, find, seen_in), home=find.__module__)
        return find

    return register


@cache
def known() -> Catalogue[Cause]:
    """Every cause there is: the files of `causes/`."""
    import_all("polyak.diagnose.explain.causes")
    return CAUSES


def not_recorded(what: str) -> NotFound:
    """The records lack what it takes.

    >>> not_recorded("the loss").why
    'not looked at: the records do not have the loss'
    """
    return NotFound(f"not looked at: the records do not have {what}", looked=False)


def checked(finding: Verdict) -> Verdict:
    """A verdict whose evidence is of finite strength; a PolyakError names the cause that made another."""
    if isinstance(finding, Finding) and not (0 <= finding.strength <= 1 and finding.evidence):
        raise PolyakError(f"the cause '{finding.cause}' gives no evidence, or a strength outside 0 to 1")
    return finding
