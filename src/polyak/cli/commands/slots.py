"""`polyak slots`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from polyak.cli.command import DOCUMENTS, command


@command("book.separate", group=DOCUMENTS)
def slots(
    file: Annotated[Path, typer.Argument(help="A document in Markdown.")],
    target_language: str | None = None,
    source_language: str | None = None,
    out_dir: Annotated[Path, typer.Option()] = Path(),
    **options: Any,
) -> None:
    """Cut a document into skeleton and strings (XLIFF), so that it can be translated."""
    from polyak.book import separate

    languages = {"target_language": target_language, "source_language": source_language}
    typer.echo(separate(file, out_dir=out_dir, **languages, **options))
