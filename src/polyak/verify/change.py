"""A way in which implementations differ, as a row of a table; and what it makes of one model."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from polyak.verify.reference_model import Model


class Hypothesis(NamedTuple):
    """A change that may explain a candidate: a verdict, what it would do in a sentence, the reference so changed."""

    verdict: str
    words: str
    model: Model


def always(_: Model) -> bool:
    """Of every model."""
    return True


class Change(NamedTuple):
    """A row: what is changed, of which models, and what it is called.

    Attributes:
        verdict: in a few words.
        words: what the candidate would do; or a function of the model, where its numbers come into it.
        change: makes it of a model.
        applies: whether a model can be changed so.
    """

    verdict: str
    words: str | Callable[[Model], str]
    change: Callable[[Model], Model]
    applies: Callable[[Model], bool] = always

    def of(self, model: Model) -> Hypothesis:
        """The hypothesis that a candidate is this model, so changed."""
        words = self.words if isinstance(self.words, str) else self.words(model)
        return Hypothesis(self.verdict, words, self.change(model))


Row = tuple[str, str | Callable[[Model], str], Callable[[Model], Model]]


def rows_of(applies: Callable[[Model], bool], *rows: Row) -> tuple[Change, ...]:
    """Rows that go with the same models."""
    return tuple(Change(*row, applies) for row in rows)
