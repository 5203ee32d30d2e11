"""XLIFF 1.2: the file in which a document's words go to the translators and come back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from polyak.book.files import read_bytes
from polyak.book.parse.inline import Piece
from polyak.ground.errors import PolyakError, nearest

if TYPE_CHECKING:
    from lxml import etree

NAMESPACE = "urn:oasis:names:tc:xliff:document:1.2"
OPENING = ("bpt", "ph")  # marks that have a number of their own
WITHOUT_CONTENT = {"x", "bx", "ex"}  # placeholders whose markup, if it is known at all, is an attribute


@dataclass(frozen=True)
class Unit:
    """A string in two languages, inline markup in its place as text; None where there is nothing."""

    number: str
    source: str | None
    target: str | None


@dataclass(frozen=True)
class Xliff:
    """What an XLIFF file holds: its units, and the two languages they are in."""

    name: str
    units: tuple[Unit, ...]
    source_language: str
    target_language: str | None = None

    def strings(self, language: str | None = None) -> dict[str, str]:
        """Slot numbers and their strings in one language.

        Args:
            language: the file's source or target language; by default the target if any string of it is there.

        Raises:
            PolyakError: the file has another language; the line names those that it has.
        """
        languages = {_plain(self.source_language): [(unit.number, unit.source) for unit in self.units]}
        default = self.source_language
        if self.target_language is not None:
            languages.setdefault(
                _plain(self.target_language), [(unit.number, unit.target) for unit in self.units]
            )
            default = self.target_language if any(unit.target for unit in self.units) else default
        language = language or default
        if _plain(language) not in languages:
            raise self._without(language)
        return {number: words for number, words in languages[_plain(language)] if words}

    def _without(self, language: str) -> PolyakError:
        has = [tag for tag in (self.source_language, self.target_language) if tag]
        alike = (tag for tag in has if _plain(tag)[:2] == _plain(language)[:2])
        near = nearest(language, has) or next(alike, None)
        hint = f", did you mean '{near}'?" if near else ""
        return PolyakError(f"{self.name} has no language '{language}'{hint} (it has: {', '.join(has)})")


def read_xliff(path: Path) -> Xliff:
    """Read an XLIFF 1.2 file, with entities, document types and the network shut out.

    Args:
        path: the file.

    Raises:
        PolyakError: it is no XML, no XLIFF 1.2, declares a document type, or has one number twice.
    """
    from lxml import etree

    content = read_bytes(path)
    if b"<!DOCTYPE" in content.replace(b"\0", b"").upper():
        raise PolyakError(f"{path} declares a document type: entities are not read from strings")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise PolyakError(f"{path} is no XML: {str(error.msg)[:200]}, line {error.lineno or 1}") from None
    except ValueError as error:
        raise PolyakError(f"{path} is no XML: {error}") from None
    if root.getroottree().docinfo.doctype:
        raise PolyakError(f"{path} declares a document type: entities are not read from strings")
    _check_version(root, path)
    return _xliff(root, path)


def _check_version(root: etree._Element, path: Path) -> None:
    from lxml import etree

    tag = etree.QName(root)
    if tag.localname != "xliff":
        raise PolyakError(f'{path} is no XLIFF: it holds <{tag.localname}>, expected <xliff version="1.2">')
    version = root.get("version", "none")
    if version != "1.2" or tag.namespace not in (NAMESPACE, None):
        raise PolyakError(f"{path} is XLIFF of version {version[:20]}, expected 1.2")


def _xliff(root: etree._Element, path: Path) -> Xliff:
    files = list(root.iter("{*}file"))
    if not files:
        raise PolyakError(f"{path} holds no file, expected <file source-language=...> with its trans-units")
    sources = {file.get("source-language", "") for file in files}
    targets = {file.get("target-language") for file in files}
    if len(sources) > 1 or len(targets) > 1:
        raise PolyakError(
            f"{path} holds several files in different languages, expected one document's strings"
        )
    return Xliff(str(path), _units(root, path), sources.pop() or "und", targets.pop() or _said(root))


def _units(root: etree._Element, path: Path) -> tuple[Unit, ...]:
    units: dict[str, Unit] = {}
    for element in root.iter("{*}trans-unit"):
        number = element.get("id", "").strip()
        if not number:
            raise PolyakError(f"{path}, line {element.sourceline}: a trans-unit has no id")
        if number in units:
            raise PolyakError(f"{path}, line {element.sourceline}: trans-unit {number} stands twice")
        units[number] = Unit(number, _words(element.find("{*}source")), _words(element.find("{*}target")))
    if not units:
        raise PolyakError(f"{path} holds no trans-unit")
    return tuple(units.values())


def _said(root: etree._Element) -> str | None:
    """The language that the targets themselves name, where the file does not."""
    target = next(root.iter("{*}target"), None)
    return None if target is None else target.get("{http://www.w3.org/XML/1998/namespace}lang")


def _words(element: etree._Element | None) -> str | None:
    """An element's text, inline markup as the text that it stands for; None if there is none."""
    if element is None:
        return None
    text = "".join(_parts(element))
    return text if text.strip() else None


def _parts(element: etree._Element) -> Sequence[str]:
    from lxml import etree

    parts = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str):
            name = etree.QName(child).localname
            parts += [child.get("equiv-text", "")] if name in WITHOUT_CONTENT else _parts(child)
        parts.append(child.tail or "")
    return parts


def _plain(language: str) -> str:
    return language.strip().lower().replace("_", "-")


@dataclass(frozen=True)
class Entry:
    """A unit to write: its number, its words cut into text and markup, and a translation, if one is known."""

    number: int
    pieces: tuple[Piece, ...]
    kind: str = ""
    target: tuple[Piece, ...] = field(default=())


def write_xliff(
    entries: Sequence[Entry],
    original: str,
    skeleton: str,
    source_language: str,
    target_language: str | None = None,
) -> str:
    """An XLIFF 1.2 file with these strings.

    Args:
        entries: the units.
        original: the document's name.
        skeleton: the skeleton's name.
        source_language: the language the document is in.
        target_language: the language it is to be translated to, if that is known.

    >>> from polyak.book.parse.inline import pieces
    >>> made = write_xliff([Entry(1, tuple(pieces("a **b**")))], "a.md", "a.skl.md", "en")
    >>> 'source>a <bpt id="1">**</bpt>b<ept id="1">**</ept></source>' in made
    True
    """
    from lxml import etree

    root = etree.Element(f"{{{NAMESPACE}}}xliff", nsmap={None: NAMESPACE}, version="1.2")
    file = _add(
        root, "file", original=original, datatype="x-markdown", **{"source-language": source_language}
    )
    if target_language:
        file.set("target-language", target_language)
    _add(_add(_add(file, "header"), "skl"), "external-file", href=skeleton)
    body = _add(file, "body")
    for entry in entries:
        unit = _add(body, "trans-unit", id=str(entry.number))
        unit.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
        _fill(_add(unit, "source"), entry.pieces)
        if target_language:
            _fill(_add(unit, "target"), _numbered(entry.target, entry.pieces))
        if entry.kind:
            _add(unit, "note").text = entry.kind
    _indent(root)
    written: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written.decode("utf-8") + "\n"


def _numbered(target: Sequence[Piece], source: Sequence[Piece]) -> list[Piece]:
    """A translation's marks with the numbers of the source's own, whose order a translator need not keep."""
    own = [piece for piece in source if piece.tag in OPENING]
    most = max((piece.number for piece in own), default=0)
    numbers: dict[int, int] = {}
    for piece in target:
        if piece.tag in OPENING:
            alike = [each for each in own if (each.tag, each.text) == (piece.tag, piece.text)]
            if alike:
                own.remove(alike[0])
            else:
                most += 1
            numbers[piece.number] = alike[0].number if alike else most
    return [replace(piece, number=numbers.get(piece.number, piece.number)) for piece in target]


def _add(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    from lxml import etree

    return etree.SubElement(parent, f"{{{NAMESPACE}}}{name}", attributes)


def _indent(element: etree._Element, depth: int = 0) -> None:
    """Set the elements on lines of their own, down to the strings, which are text to the last space."""
    if element.text is None and len(element) and not element.tag.endswith(("source", "target")):
        element.text = "\n" + "  " * (depth + 1)
        for child in element:
            _indent(child, depth + 1)
            child.tail = element.text
        element[-1].tail = "\n" + "  " * depth


def _fill(element: etree._Element, pieces: Sequence[Piece]) -> None:
    last = None
    for piece in pieces:
        if piece.tag:
            last = _add(element, piece.tag, id=str(piece.number))
            last.text = piece.text
        elif last is None:
            element.text = (element.text or "") + piece.text
        else:
            last.tail = (last.tail or "") + piece.text


def writable(text: str) -> bool:
    r"""Whether XML can hold a text as it is.

    >>> writable("a\nb"), writable("a\x07b")
    (True, False)
    """
    return not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", text)
