"""A comparison of rules as a page."""

from __future__ import annotations

from pathlib import Path

from polyak.show.comparisons import comparison_figure
from polyak.show.sweeps import plane_figure
from polyak.study.section import Picture, Section, Table, as_file_name
from polyak.study.study import write_page
from polyak.sweeps.comparison import Comparison

READING = (
    "Rules are told apart seed by seed: the runs of one seed see the same batches. What a smaller budget reaches is "
    "the median of what searches of so many of these settings end at on the tuning seeds, and what 95 of 100 end "
    "between. The share of settings within a tenth of the best says how much tuning a rule needs; the cost of a step "
    "is one of this machine, with all judging seeds side by side, and tells rules apart only roughly."
)


def comparison_page(comparison: Comparison, out: str | Path, command: str) -> list[Section]:
    """Write a comparison's page, pictures and numbers into a folder, and return the sections."""
    sections = [_result(comparison), _tuning(comparison)]
    title = f"Comparison: {comparison.problem.data.name}, {comparison.problem.name}"
    write_page(out, title, command, sections)
    return sections


def _result(comparison: Comparison) -> Section:
    return Section(
        title="Who did best",
        paragraphs=(comparison.verdict(), comparison.protocol(), READING),
        pictures=(
            Picture(
                "comparison",
                comparison_figure(comparison),
                "Left: each judging run, its rule's median (bar) and the bootstrap interval of it (line). "
                "Right: the share of a rule's settings that reach a loss.",
            ),
        ),
        tables=(
            Table("Each rule at the best of its settings", comparison.header, comparison.rows()),
            Table("What a smaller budget reaches", comparison.reached_header, comparison.reached_rows()),
        ),
        numbers={
            f"losses-{as_file_name(entry.name)}": entry.history.to_xarray() for entry in comparison.entries
        },
    )


def _tuning(comparison: Comparison) -> Section:
    return Section(
        title="How each was tuned",
        paragraphs=(
            "Every setting that was tried, a dot each, by its median over the tuning seeds; a cross diverged.",
        ),
        pictures=(
            Picture("tuning", plane_figure(comparison.sweeps), "The settings that each rule was tuned over."),
        ),
        numbers={
            f"tuning-{as_file_name(str(name))}": node.to_dataset()
            for name, node in comparison.sweeps.children.items()
        },
    )
