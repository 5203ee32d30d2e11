"""Fences that are directives of MyST (formulas, pictures, admonitions), taken apart into name, argument and words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

ADMONITIONS = {
    name: name.capitalize()
    for name in ("note", "tip", "hint", "important", "warning", "caution", "attention", "danger", "error")
} | {"seealso": "See also", "admonition": ""}
PICTURES = ("figure", "image")
KNOWN = {"math", *PICTURES, *ADMONITIONS}
DEEPEST = 8  # admonitions in one another: what lies deeper is shown as it is typed


@dataclass(frozen=True)
class Directive:
    """A directive: what stands in its braces, what follows them, its label, and the lines under its options."""

    name: str
    argument: str
    label: str
    body: str
    options: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def title(self) -> str:
        """What an admonition is headed by: its own words, or its kind."""
        return self.argument if self.name == "admonition" else ADMONITIONS[self.name]

    @property
    def words(self) -> str:
        """What an admonition says: its lines, after what follows the braces where that is no title."""
        first = "" if self.name == "admonition" else self.argument
        return f"{first}\n{self.body}" if first else self.body


def directive(info: str, content: str) -> Directive | None:
    r"""The directive that a fence is, or None for a fence of another kind.

    Args:
        info: what follows the backticks.
        content: the fence's lines.

    >>> directive("{math}", ":label: step\n\nv = g\n")
    Directive(name='math', argument='', label='step', body='v = g\n')
    >>> directive("{admonition} Mind the *sign*", "Downhill.\n").title
    'Mind the *sign*'
    >>> directive("{note} Short.", "").words, directive("{code-cell}", "x"), directive("python", "x")
    ('Short.\n', None, None)
    """
    found = re.match(r"\{([a-z]+)\}(?:\s+(.*))?$", info.strip())
    if not found or found[1] not in KNOWN:
        return None
    lines = content.split("\n")
    count = 0
    while count < len(lines) and re.match(r":[\w-]+:(\s|$)", lines[count]):
        count += 1
    said = {name: words.strip() for name, _, words in (line[1:].partition(":") for line in lines[:count])}
    body = "\n".join(lines[count:]).lstrip("\n")
    label = said.get("label") or said.get("name") or ""
    return Directive(found[1], (found[2] or "").strip(), label, body, said)
