"""Slots: a document's words, kept apart from it, and put back.

`%%%1%%%`, `%%%2%%%` ... stand for strings; `%%%ampersand%%%`, `%%%less-than%%%` and `%%%greater-than%%%` for the
characters that XML keeps for itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from polyak.book.parse.document import Document, parse
from polyak.book.slots.safety import in_comment
from polyak.ground.errors import PolyakError

SLOT = re.compile(r"%%%(\d+)%%%")
CHARACTERS = {"ampersand": "&", "less-than": "<", "greater-than": ">"}
CHARACTER = re.compile(f"%%%({'|'.join(CHARACTERS)})%%%")
# All that anything here takes for the end of a line: none may leave the comment that a string is put into.
LINE_ENDS = re.compile(r"[\0\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")


@dataclass(frozen=True)
class Filled:
    """A document with its strings in it, the slots that have none, and the strings that have no slot.

    Attributes:
        document: parsed, its strings in it.
        skeleton: parsed, as it stands in its file: the same lines and cells, the slots empty.
        empty: the slots that have no string.
        unused: the strings that have no slot.
    """

    document: Document
    skeleton: Document
    empty: tuple[int, ...] = ()
    unused: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The document's text."""
        return self.document.text


def fill(text: str, strings: Mapping[str, str], name: str = "the document") -> Filled:
    """Put strings into a document's slots.

    Words are never run: a string in a comment of a cell stays in it, and strings that would bring other
    code into the document are refused.

    Args:
        text: the document, a skeleton.
        strings: slot numbers, as written, and their strings.
        name: what to call the document where something is wrong.

    Raises:
        PolyakError: a slot stands twice, or in code outside a comment; a fence is never closed; or a string would
            change what runs.

    >>> filled = fill("# %%%1%%%, %%%2%%%", {"1": "Momentum", "7": "x"})
    >>> filled.text, filled.empty, filled.unused
    ('# Momentum, %%%2%%%', (2,), ('7',))
    """
    text = characters(text)
    places = _places(text, name)
    skeleton = parse(text, name)
    in_code = _slots_in_code(skeleton, places, name)
    words = {number: characters(strings[number]) for number in places if number in strings}
    words |= {number: LINE_ENDS.sub(" ", words[number]) for number in in_code & words.keys()}
    return Filled(
        _merged(skeleton, words, in_code, name) if words else skeleton,
        skeleton,
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


def _places(text: str, name: str) -> dict[str, int]:
    """Where each slot stands; one that stands twice is refused."""
    places: dict[str, int] = {}
    for slot in SLOT.finditer(text):
        if slot[1] in places:
            lines = line_of(text, places[slot[1]]), line_of(text, slot.start())
            raise PolyakError(f"{name}: slot {slot[1]} stands twice, on lines {lines[0]} and {lines[1]}")
        places[slot[1]] = slot.start()
    return places


def _slots_in_code(skeleton: Document, places: Mapping[str, int], name: str) -> set[str]:
    """The slots in the cells' comments; one that stands in code itself is refused."""
    inside: set[str] = set()
    for cell in skeleton.cells:
        for slot in SLOT.finditer(cell.code):
            if not in_comment(cell.code, slot[0]):
                line = line_of(skeleton.text, places[slot[1]])
                raise PolyakError(
                    f"{name}, line {line}: slot {slot[1]} stands in code, where only comments may have slots"
                )
            inside.add(slot[1])
    return inside


def _merged(skeleton: Document, words: Mapping[str, str], in_code: set[str], name: str) -> Document:
    """The document with its strings in it; those that bring code into it, or take some out of it, are refused."""
    document = _parsed(put(skeleton.text, words))
    if document is not None and _codes(document) == [put(cell.code, words) for cell in skeleton.cells]:
        return document
    for number in [number for number in words if number not in in_code]:
        alone = _parsed(put(skeleton.text, {number: words[number]}))
        if alone is None or _codes(alone) != _codes(skeleton):
            raise PolyakError(f"{name}: the string of slot {number} would change what runs")
    raise PolyakError(f"{name}: its strings, taken together, would change what runs")


def _codes(document: Document) -> list[str]:
    return [cell.code for cell in document.cells]


def _parsed(text: str) -> Document | None:
    try:
        return parse(text)
    except PolyakError:
        return None
