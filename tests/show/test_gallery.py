"""The gallery at awkward settings: nothing is written outside the picture or over other words, and nothing is tiny."""

from __future__ import annotations

import itertools

import pytest
from matplotlib.text import Annotation, Text

from figure_gallery import DRAWN
from polyak.show.style import in_style

# What is quick to make; the others are looked at with them, by `python scripts/figures.py FOLDER`.
QUICK = (
    "five_on_the_ravine",
    "five_on_beale",
    "five_diverge_on_the_ravine",
    "nine_on_the_ravine",
    "one_step",
    "far_away",
    "no_least_value",
    "three_memories",
    "diverges",
    "swept",
)
SMALLEST = 6.5  # points


def written(figure) -> list[Text]:
    """What is written beside the ticks and the contours: headings, labels, notes, legends."""
    found = [text for legend in figure.legends for text in legend.get_texts()]
    for axes in figure.axes:
        found += [axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label]
        found += [text for text in axes.texts if isinstance(text, Annotation)]
    return [text for text in found if text.get_text() and text.get_visible()]


@pytest.mark.parametrize("name", QUICK)
def test_words_stand_within_the_picture_and_apart(name):
    with in_style():
        figure = DRAWN[name]()
        figure.draw_without_rendering()
    texts = written(figure)
    boxes = [text.get_window_extent() for text in texts]
    for text, box in zip(texts, boxes, strict=True):
        assert text.get_fontsize() >= SMALLEST, text
        assert figure.bbox.x0 - 1 <= box.x0 <= box.x1 <= figure.bbox.x1 + 1, text
        assert figure.bbox.y0 - 1 <= box.y0 <= box.y1 <= figure.bbox.y1 + 1, text
    for (one, first), (other, second) in itertools.combinations(zip(texts, boxes, strict=True), 2):
        assert not first.overlaps(second), (one.get_text(), other.get_text())
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            ticks = [each for each in axis.get_ticklabels() if each.get_text()]
            places = [each.get_window_extent() for each in ticks]
            assert not any(a.overlaps(b) for a, b in itertools.pairwise(places)), (name, axis.axis_name)
