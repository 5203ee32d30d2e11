"""Slots: a document's words, kept apart from it, and put back.

`%%%1%%%`, `%%%2%%%` ... stand for strings; `%%%ampersand%%%`, `%%%less-than%%%` and `%%%greater-than%%%` for the
characters that XML keeps for itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from polyak.book.parse.document import Document, parse
from polyak.ground.errors import PolyakError

SLOT = re.compile(r"%%%(\d+)%%%")
CHARACTERS = {"ampersand": "&", "less-than": "<", "greater-than": ">"}
CHARACTER = re.compile(f"%%%({'|'.join(CHARACTERS)})%%%")
# All that anything here takes for the end of a line: none may leave the comment that a string is put into.
LINE_ENDS = re.compile(r"[\0\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")


@dataclass(frozen=True)
class Filled:
    """A document with its strings in it, the slots that have none, and the strings that have no slot."""

    text: str
    empty: tuple[int, ...] = ()
    unused: tuple[str, ...] = ()


def fill(text: str, strings: Mapping[str, str], name: str = "the document") -> Filled:
    """Put strings into a document's slots.

    Words are never run: a string in a comment of a cell stays in it, and strings that would bring other
    code into the document are refused.

    Args:
        text: the document, a skeleton.
        strings: slot numbers, as written, and their strings.
        name: what to call the document where something is wrong.

    Raises:
        PolyakError: a slot stands twice, or in code outside a comment; or a string would change what runs.

    >>> fill("# %%%1%%%, %%%2%%%", {"1": "Momentum", "7": "x"})
    Filled(text='# Momentum, %%%2%%%', empty=(2,), unused=('7',))
    """
    text = characters(text)
    places = {found[1]: found.start() for found in SLOT.finditer(text)}
    _check_once(text, name)
    skeleton = parse(text, name) if places else None
    in_code = _slots_in_code(skeleton, text, places, name) if skeleton else set()
    filled = {
        number: LINE_ENDS.sub(" ", characters(strings[number]))
        if number in in_code
        else characters(strings[number])
        for number in places
        if number in strings
    }
    merged = put(text, filled)
    if skeleton and filled:
        _check_code(skeleton, text, merged, filled, in_code, name)
    return Filled(
        merged,
        empty=tuple(int(number) for number in places if number not in strings),
        unused=tuple(number for number in strings if number not in places),
    )


def put(text: str, strings: Mapping[str, str]) -> str:
    """Text with its slots replaced; those that have no string stay.

    >>> put("%%%1%%% %%%2%%%", {"1": "a %%%2%%%"})
    'a %%%2%%% %%%2%%%'
    """
    return SLOT.sub(lambda found: strings.get(found[1], found[0]), text)


def characters(text: str) -> str:
    """Text with the words that stand for characters replaced by them.

    >>> characters("a %%%less-than%%% b")
    'a < b'
    """
    return CHARACTER.sub(lambda found: CHARACTERS[found[1]], text)


def line_of(text: str, place: int) -> int:
    """The number of the line that a place in the text is on."""
    return len(re.split(r"\r\n|\r|\n", text[:place]))


def _check_once(text: str, name: str) -> None:
    first: dict[str, int] = {}
    for found in SLOT.finditer(text):
        if found[1] in first:
            lines = line_of(text, first[found[1]]), line_of(text, found.start())
            raise PolyakError(f"{name}: slot {found[1]} stands twice, on lines {lines[0]} and {lines[1]}")
        first[found[1]] = found.start()


def _slots_in_code(document: Document, text: str, places: Mapping[str, int], name: str) -> set[str]:
    """The slots in the cells' comments; one that stands in code itself is refused."""
    inside: set[str] = set()
    for cell in document.cells:
        for found in SLOT.finditer(cell.code):
            from polyak.book.slots.safety import in_comment

            if not in_comment(cell.code, found[0]):
                line = line_of(text, places[found[1]])
                raise PolyakError(
                    f"{name}, line {line}: slot {found[1]} stands in code, where only comments may have slots"
                )
            inside.add(found[1])
    return inside


def _check_code(
    skeleton: Document, text: str, merged: str, strings: Mapping[str, str], in_code: set[str], name: str
) -> None:
    """Refuse strings that would bring code into the document, or take some out of it."""
    expected = [put(cell.code, strings) for cell in skeleton.cells]
    if _codes(merged) == expected:
        return
    for number in strings:
        alone = {number: strings[number]}
        if number not in in_code and _codes(put(text, alone)) != [cell.code for cell in skeleton.cells]:
            raise PolyakError(f"{name}: the string of slot {number} would change what runs")
    raise PolyakError(f"{name}: its strings, taken together, would change what runs")


def _codes(text: str) -> list[str] | None:
    try:
        return [cell.code for cell in parse(text).cells]
    except PolyakError:
        return None
