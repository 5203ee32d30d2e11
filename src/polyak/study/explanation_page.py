"""The page of an explanation: what went wrong at a step of a user's own training, in sections as a study has them."""

from __future__ import annotations

from polyak.diagnose import Explanation
from polyak.ground.numbers import readable
from polyak.study.model_page import literal
from polyak.study.section import Picture, Section, Table


def explanation_sections(explanation: Explanation) -> list[Section]:
    """In short, the evidence, what else changed there, and the causes that were looked at and not found."""
    return [_short(explanation), *_evidence(explanation), _changed(explanation), _looked(explanation)]


def _short(explanation: Explanation) -> Section:
    watched = explanation.watched
    lines = [f"{watched.facts.model} with {watched.facts.optimizer}, {watched.last_step:,} steps recorded."]
    picture = Picture("explanation", explanation.plot(), "The loss, and what the cause is seen in.")
    return Section("In short", [literal(line) for line in (*explanation.words(), *lines)], pictures=[picture])


def _evidence(explanation: Explanation) -> list[Section]:
    rows = [
        (each.cause, each.layer or "all", str(one.step), one.what, readable(one.value), one.expected)
        for each in explanation.findings
        for one in each.evidence
    ]
    if not rows:
        return []
    header = ("cause", "layer", "step", "what was recorded", "value", "without the cause")
    escaped = [tuple(literal(cell) for cell in row) for row in rows]
    return [Section("Evidence", tables=[Table("Numbers of the records, with their steps", header, escaped)])]


def _changed(explanation: Explanation) -> Section:
    rows = [
        (each.what, readable(each.before), readable(each.there), readable(each.factor, 3), str(each.step))
        for each in explanation.changes
    ]
    if not rows:
        return Section("What else changed there", ["Nothing that was recorded changed by a third or more."])
    header = ("what", "usually before", "there", "times", "step")
    return Section(
        "What else changed there", tables=[Table("Beside the median of what came before", header, rows)]
    )


def _looked(explanation: Explanation) -> Section:
    rows = [
        (name, "ruled out" if each.looked else "cannot be told", literal(each.why))
        for name, each in explanation.ruled_out.items()
    ]
    table = Table("The other causes known here", ("cause", "", "why not"), rows)
    return Section("What was looked at", tables=[table])
