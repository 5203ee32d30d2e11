"""How the lab looks: the house's colours on light and on dark paper."""

from __future__ import annotations

from dataclasses import dataclass

from polyak.show.style import COLORS

FONT = 'system-ui, "Segoe UI", "Noto Sans CJK SC", "DejaVu Sans", sans-serif'


@dataclass(frozen=True)
class Look:
    """The colours of one paper.

    Attributes:
        paper, ink, soft, line: of the page, its letters, its labels, its rules.
        rules: of the one to four rules, in their order.
        valley, wall: of a landscape's lowest and highest ground; contour: of the lines between.
        regimes: in the order of `polyak.theory.REGIMES`.
        accent: of what is measured on its own.
    """

    paper: str
    ink: str
    soft: str
    line: str
    rules: tuple[str, ...]
    valley: str
    wall: str
    contour: str
    regimes: tuple[str, ...]
    accent: str


LIGHT = Look(
    paper="#ffffff",
    ink="#1c2330",
    soft="#5a6575",
    line="#d9dee5",
    rules=COLORS[:4],
    valley="#fbfdff",
    wall="#a9c9e6",
    contour="#8fa3b5",
    regimes=("#dceaf5", "#0072b2", "#ffffff", "#fbe3c8", "#d9d9d9"),
    accent=COLORS[0],
)
# On dark paper the blue and the vermilion are the house's lighter ones.
DARK = Look(
    paper="#12161c",
    ink="#eef2f6",
    soft="#a7b3c0",
    line="#323b46",
    rules=(COLORS[4], COLORS[5], COLORS[2], COLORS[3]),
    valley="#141a21",
    wall="#3b5d7d",
    contour="#5f7386",
    regimes=("#1d3347", "#56b4e9", "#12161c", "#46361f", "#33383f"),
    accent=COLORS[4],
)


def look(*, dark: bool) -> Look:
    """The look of light or of dark paper."""
    return DARK if dark else LIGHT
