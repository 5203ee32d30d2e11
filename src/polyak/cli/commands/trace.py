"""`polyak trace`."""

from __future__ import annotations

from typing import Any

import typer

from polyak.cli.answers import Json, answer
from polyak.cli.command import A_RULE, command
from polyak.cli.outputs import check_picture, write_picture
from polyak.cli.typed import typed
from polyak.cli.words import Out, Place, Rule


@command("descend", settings=True, group=A_RULE)
def trace(
    context: typer.Context,
    rule: Rule,
    place: Place,
    *,
    out: Out = None,
    as_json: Json = False,
    **options: Any,
) -> None:
    """Descend a landscape: where the rule ends, and a picture of its way."""
    from polyak.cli.rules import rule_from

    optimizer, landscape = rule_from(rule, typed(context)), place.landscape()
    check_picture(out)
    from polyak.run import descend

    result = descend(optimizer, landscape, **options)
    answer(result, as_json, end=result.end, diverged_at=result.diverged_at)
    write_picture(out, result.plot, beside_json=as_json)
