"""What a cell's tags ask of the page: its code or its output folded away, or left out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

MAY_RAISE = "raises-exception"  # nbclient runs on after such a cell


@dataclass(frozen=True)
class Parts:
    """How a cell's code and its output stand on the page: shown, folded or gone."""

    code: str = "shown"
    output: str = "shown"

    @property
    def gone(self) -> bool:
        """Whether nothing of the cell is on the page."""
        return self.code == self.output == "gone"


def parts(tags: Collection[str], *, failed: bool = False) -> Parts:
    """How a cell stands on the page, by the tags that MyST and Jupyter Book know.

    Args:
        tags: hide-input, hide-output and hide-cell fold; remove-input, remove-output and remove-cell leave out, which
            counts for more. Any other tag asks nothing of the page.
        failed: whether the cell failed and was not to: it is then shown whole, whatever its tags say.

    >>> parts(["hide-input"]), parts(["remove-cell", "hide-input"]).gone
    (Parts(code='folded', output='shown'), True)
    >>> parts(["remove-cell"], failed=True)
    Parts(code='shown', output='shown')
    """
    return Parts() if failed else Parts(_how(tags, "input"), _how(tags, "output"))


def _how(tags: Collection[str], part: str) -> str:
    if not {f"remove-{part}", "remove-cell"}.isdisjoint(tags):
        return "gone"
    return "shown" if {f"hide-{part}", "hide-cell"}.isdisjoint(tags) else "folded"


def failed(tags: Collection[str], outputs: Sequence[NotebookNode]) -> bool:
    """Whether a cell's outputs hold an error that its tags do not announce."""
    return MAY_RAISE not in tags and any(output.output_type == "error" for output in outputs)
