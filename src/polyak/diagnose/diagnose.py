"""`pk.diagnose`: everything that can be measured of a user's own training as it is today, in one call."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from polyak.diagnose.diagnosis import Cost, Diagnosis
from polyak.frameworks.classify import reading_of
from polyak.ground.errors import PolyakError, a_or_an, whole_number
from polyak.ground.numbers import readable
from polyak.ground.progress import Progress, unasked
from polyak.ground.types import Pytree
from polyak.models import Model
from polyak.theory import Suggestion, curvature, noise, suggest
from polyak.theory.model_edges import model_stability

Part = TypeVar("Part")
PARTS = ("curvature", "stability", "noise", "suggestion")
FINE = 1000  # steps of a part's progress


def diagnose(
    model: Model,
    optimizer: object,
    *,
    batch_size: int | None = None,
    top: int = 5,
    steps: int = 100,
    state: Pytree = None,
    progress: Progress | None = None,
) -> Diagnosis:
    """A training at today's parameters: its curvature, its optimizer's edges, its noise, and what to set.

    Args:
        model: what `model` makes.
        optimizer: the user's own, as it is, or a rule: see `stability`.
        batch_size: rows in a batch of the training, drawn with replacement unless it is all rows; those of the first
            batch by default.
        top: how many of the largest curvatures, from 1.
        steps: how far the suggestion looks ahead, from 1.
        state: of an Optax optimizer, which does not hold it.
        progress: called with (done, in all).

    Returns a Diagnosis. A part that cannot be said is missing, with the line that says why. Nothing of the user's is
    changed. Raises PolyakError for what is no model, and for an optimizer of other parameters than the model's.

    >>> import jax.numpy as jnp, numpy as np, polyak as pk
    >>> rows = np.random.default_rng(0).normal(1.0, 2.0, (128, 1)).astype("float32")
    >>> model = pk.model(lambda x, batch: ((x - batch) ** 2).mean() / 2, jnp.zeros(1), np.split(rows, 16))
    >>> found = diagnose(model, pk.HeavyBall(lr=0.1, momentum=0.9))
    >>> round(found.curvature.top, 4), found.batch_size
    (1.0, 8)
    """
    if not isinstance(model, Model):
        raise PolyakError(
            f"a diagnosis is asked of {a_or_an(type(model).__name__)}, expected what pk.model(...) makes"
        )
    top = whole_number("top", top, at_least=1)
    steps = whole_number("steps", steps, at_least=1, at_most=1_000_000)
    bridge = model.bridge
    size = (
        bridge.rows(bridge.first)
        if batch_size is None
        else whole_number("batch_size", batch_size, at_least=1)
    )
    label = reading_of(optimizer, bridge, state).label
    found = _Measuring(progress or unasked("thousandths of a part"))
    curved = found.part(
        "curvature",
        lambda told: curvature(model, top=min(top, bridge.size), by="layer", progress=told),
        lambda one: f"{one.products} products with the Hessian over {one.rows:,} rows, and those by layer",
    )
    edges = found.part(
        "stability",
        lambda told: model_stability(
            optimizer, model, state=state, batch_size=size, replace=size != model.rows, progress=told
        ),
        lambda one: f"{one.products} products over {one.rows:,} rows",
    )
    noisy = found.part(
        "noise",
        lambda told: noise(model, progress=told),
        lambda one: f"{one.batches} gradients, a batch each",
    )

    def suggested(told: Progress) -> Suggestion:
        if edges is None:
            raise PolyakError(f"nothing is suggested without the edges: {found.refused['stability']}")
        return suggest(
            model, optimizer, batch_size=size, steps=steps, state=state, stability=edges, progress=told
        )

    said = found.part("suggestion", suggested, lambda one: f"{one.products} products over {one.rows:,} rows")
    return Diagnosis(model, label, size, curved, edges, noisy, said, found.refused, found.costs)


@dataclass
class _Measuring:
    """The parts one after the other: what each cost, or why it is missing."""

    progress: Progress
    refused: dict[str, str] = field(default_factory=dict)
    costs: dict[str, Cost] = field(default_factory=dict)
    reached: int = 0

    def part(self, name: str, measure: Callable[[Progress], Part], work: Callable[[Any], str]) -> Part | None:
        """Measure one part; None where it is refused."""
        before, began = PARTS.index(name) * FINE, time.monotonic()

        def told(done: int, total: int) -> None:
            # A part may begin anew, on more rows: what was said to be done stays done.
            self.reached = max(self.reached, before + FINE * min(done, total) // max(total, 1))
            self.progress(self.reached, FINE * len(PARTS))

        told(0, 1)
        try:
            found = measure(told)
        except PolyakError as error:
            self.refused[name] = str(error)
            return None
        finally:
            told(1, 1)
        self.costs[name] = Cost(time.monotonic() - began, work(found))
        return found


def in_words(cost: Cost) -> str:
    """A cost as it is said.

    >>> in_words(Cost(1.234, "60 products"))
    '1.23 s, 60 products'
    """
    return f"{readable(cost.seconds, 3)} s, {cost.work}"
