"""A document to two files for translators, its skeleton and its strings; earlier translations are carried over."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from polyak.book import needs
from polyak.book.files import check_place, read_text
from polyak.ground.errors import PolyakError
from polyak.ground.files import write_whole
from polyak.ground.shown import Shown

TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")


@dataclass(frozen=True)
class Separated(Shown):
    """What was written, how many strings there are, and how many had a translation already."""

    skeleton: Path
    strings: Path
    count: int
    carried: int

    def __str__(self) -> str:
        kept = f", {self.carried} with the translation they had" if self.carried else ""
        return f"wrote {self.skeleton} and {self.strings}: {self.count} string{'' if self.count == 1 else 's'}{kept}"


def separate(
    path: str | Path,
    *,
    source_language: str | None = None,
    target_language: str | None = None,
    out_dir: str | Path = ".",
) -> Separated:
    """Cut a document into chapter.skl.md and chapter.xlf.

    If chapter.xlf is there already, the translations of strings that have not changed are kept.

    Args:
        path: the document.
        source_language: the language it is written in; by its letters unless named.
        target_language: the language it is to be translated to; each string then has an empty target.
        out_dir: the folder for the two files.

    Raises:
        PolyakError: the document cannot be read or has slots already, or the files there are not to be replaced.

    >>> separate("no/such/chapter.md")
    Traceback (most recent call last):
    ...
    polyak.PolyakError: no/such/chapter.md: no such file
    """
    needs.check()
    check_language("source_language", source_language)
    check_language("target_language", target_language)
    path = Path(path)
    text = read_text(path)
    stem = path.name.removesuffix(path.suffix)
    skeleton, strings = Path(out_dir) / f"{stem}.skl{path.suffix}", Path(out_dir) / f"{stem}.xlf"
    for place in (skeleton, strings):
        check_place(place, path)
    from polyak.book.parse.inline import pieces
    from polyak.book.slots.skeleton import cut
    from polyak.book.slots.xliff import Entry, write_xliff

    made = cut(text, str(path))
    if not made.strings:
        raise PolyakError(f"{path} has no words to translate")
    target_language, known = _earlier(strings, target_language)
    entries = [
        Entry(number, tuple(pieces(words)), kind, tuple(pieces(known.get(words, ""))))
        for number, (words, kind) in enumerate(made.strings, 1)
    ]
    language = source_language or made.document.language
    written = write_xliff(entries, path.name, skeleton.name, language, target_language)
    write_whole(skeleton, made.skeleton)
    write_whole(strings, written)
    return Separated(skeleton, strings, len(entries), sum(bool(entry.target) for entry in entries))


def check_language(name: str, tag: str | None) -> None:
    """Refuse what is no name of a language, as XLIFF and HTML spell them (BCP 47)."""
    if tag is not None and not TAG.fullmatch(tag):
        raise PolyakError(f"{name} is '{tag}', expected a language such as en or zh-CN")


def _earlier(strings: Path, wanted: str | None) -> tuple[str | None, dict[str, str]]:
    """The language and the translations of an earlier file, by the words they translate."""
    from polyak.book.slots.xliff import read_xliff

    if not strings.exists():
        return wanted, {}
    earlier = read_xliff(strings)
    known = {unit.source: unit.target for unit in earlier.units if unit.source and unit.target}
    if not known:
        return wanted or earlier.target_language, {}
    if wanted and earlier.target_language and wanted.lower() != earlier.target_language.lower():
        raise PolyakError(
            f"{strings} holds translations to {earlier.target_language}; name another folder with --out-dir"
        )
    return wanted or earlier.target_language, known
