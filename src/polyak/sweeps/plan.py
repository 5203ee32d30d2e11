"""What a store says of itself: the sweeps in it, how they are cut, and a checksum for every file it was made with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import chain
from typing import Any

from polyak.ground.errors import PolyakError
from polyak.ground.hashing import sha256
from polyak.sweeps.places import Folder, Place, in_short

FORMAT = 2
ROOT = "zarr.json"
PLAN = "polyak_sweep"  # the attribute that says what the store is of
CHECKSUM = "polyak_sweep_sha256"  # of everything else in the same file
PARTS = ("sweeps", "chunks", "variables")
WRITTEN = "chunk_written"  # one number a chunk, set last: only then is a chunk there
ANEW = "the sweep's own line, run again, makes it anew"


class TornError(PolyakError):
    """A store whose plan cannot be read; who knows the sweep can write it again."""


@dataclass(frozen=True)
class Plan:
    """What a store is of.

    Attributes:
        sweeps: the identity of each rule's sweep, by the rule's name.
        chunks: the shape of a chunk, by rule.
        variables: the names of the arrays of results, by rule.
        files: the SHA-256 of every file that the store was made with but the one that holds this.
    """

    sweeps: dict[str, dict[str, str]]
    chunks: dict[str, list[int]]
    variables: dict[str, list[str]]
    files: dict[str, str]

    def folder(self, name: str) -> str:
        """Where a rule's arrays are, '' or with a stroke behind: one rule alone has the whole store."""
        return "" if len(self.sweeps) == 1 else f"{name}/"

    def damaged(self, place: Place) -> list[str]:
        """The files that are missing, or not what they were when the store was made."""
        there = place.read_many(self.files)
        return [name for name, wanted in self.files.items() if sha256(there.get(name, b"")) != wanted]


def plan_of(place: Place) -> Plan | None:
    """What a store is of; None where there is nothing. Whatever else is there is refused."""
    path = place.text
    try:
        if isinstance(place, Folder):
            if not place.root.exists() or (place.root.is_dir() and not any(place.root.iterdir())):
                return None
            if not place.root.is_dir():
                raise PolyakError(f"{path} is no store of a sweep: it is a file")
        content = place.read(ROOT)
        if content is None and not isinstance(place, Folder):
            return None  # made there piece by piece, this one last
    except PolyakError:
        raise
    except Exception as error:  # a place fails in many ways
        raise PolyakError(f"{path} is no store of a sweep, or is torn: {in_short(error)}") from None
    if content is None:
        raise TornError(f"{path} is no store of a sweep: it holds other things")
    return _read(path, content)


def root_with(document: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a store's root with their checksum among them."""
    return {**document["attributes"], CHECKSUM: _checksum(document)}


def digest(identity: dict[str, str]) -> str:
    """The identity of a sweep in few letters: also beside its marks, where it outlives the plan."""
    return sha256(json.dumps(identity, sort_keys=True).encode())


def _checksum(document: dict[str, Any]) -> str:
    attributes = {name: value for name, value in document["attributes"].items() if name != CHECKSUM}
    return sha256(json.dumps({**document, "attributes": attributes}, sort_keys=True).encode())


def _read(path: str, content: bytes) -> Plan:
    try:
        document = json.loads(content)
        attributes = document["attributes"]
        mine = PLAN in attributes
        version = int(json.loads(attributes[PLAN])["format"]) if mine else 0
    except Exception as error:  # nested a million deep, no JSON, another thing than an object
        raise TornError(f"{path} is no store of a sweep, or is torn: {in_short(error)}") from None
    if not mine:
        raise TornError(f"{path} is no store of a sweep: it was not made by polyak")
    if version != FORMAT:
        age = "a newer" if version > FORMAT else "an older"
        raise PolyakError(
            f"{path} was made by {age} polyak: its format is {version}, this one reads {FORMAT}"
        )
    if attributes.get(CHECKSUM) != _checksum(document):
        raise TornError(f"{path} is torn: its plan does not have its checksum; {ANEW}")
    try:
        plan = json.loads(attributes[PLAN])
        sweeps, chunks, variables = (dict(plan[part]) for part in PARTS)
        read = Plan(sweeps, chunks, variables, dict(plan["files"]))
        _check_names(read)
    except Exception as error:
        raise TornError(f"{path} is torn: its plan cannot be read ({in_short(error)})") from None
    return read


def _check_names(plan: Plan) -> None:
    names = list(plan.sweeps)
    if not names or any(list(part) != names for part in (plan.chunks, plan.variables)):
        raise ValueError(f"it does not hold {', '.join(PARTS)} of each rule")
    if not all(map(stays_inside, [*names, *plan.files, *chain(*plan.variables.values())])):
        raise ValueError("a name in it leads elsewhere")
    if not all(plan.variables.values()) or not all(map(is_size, chain(*plan.chunks.values()))):
        raise ValueError("it has no arrays, or no chunks")


def stays_inside(name: object) -> bool:
    """Whether a name that a store holds is one, and leads to no place outside of it."""
    return isinstance(name, str) and not {"", ".", ".."} & set(name.split("/"))


def is_size(size: object) -> bool:
    """Whether what a store holds is a whole number above 0."""
    return type(size) is int and size > 0
