"""The plane of a user's own training: its model trained at other settings from today's parameters, in the report."""

from __future__ import annotations

from polyak.frameworks.classify import reading_of
from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.ground.progress import Progress
from polyak.ground.types import Pytree
from polyak.models import Model
from polyak.rules import CoupledDecay, Optimizer
from polyak.show import plane_figure
from polyak.study.section import Picture, Section
from polyak.sweeps import Axis, best, log, memory, search_space, sweep
from polyak.sweeps.results import by_rule

AROUND, LRS = 30.0, 9  # times today's lr, below and above
MEMORIES = 1, 100, 5  # steps, where the rule has a momentum
HELD_OUT = 0.2


def plane_section(
    model: Model,
    optimizer: object,
    *,
    epochs: int,
    state: Pytree = None,
    batch_size: int | None = None,
    progress: Progress | None = None,
) -> Section:
    """Trainings at other learning rates and momenta, each begun at today's parameters with an empty state.

    Args:
        model: what `pk.model` makes.
        optimizer: the user's own, or a rule: its rule is run, from the settings of today.
        epochs: of each training.
        state: of an Optax optimizer.
        batch_size: of the training.
        progress: called with (cells done, cells in all).

    A fifth of the rows is held out, and judged by. What cannot be trained so is said in a line in the picture's place.
    """
    title = "Other settings, trained"
    try:
        rule, lr = _rule_of(model, optimizer, state)
        axes: dict[str, Axis] = {"lr": log(lr / AROUND, lr * AROUND, LRS)}
        if "momentum" in rule.settings():
            axes["momentum"] = memory(*MEMORIES)
        plane = sweep(
            search_space(rule, **axes),
            on=model,
            epochs=epochs,
            batch_size=batch_size,
            held_out=HELD_OUT,
            progress=progress,
        )
        found = best(plane)
    except PolyakError as error:
        return Section(title, [f"No answer: {str(error).rstrip('.')}."])
    (dataset,) = by_rule(plane).values()
    settings = dataset.sizes["lr"] * dataset.sizes.get("momentum", 1)
    each = f"{epochs} epoch{'s' * (epochs > 1)} each"
    said = (
        f"The model was trained at {settings} settings, {each}, from today's parameters and an empty state, on four"
        f" fifths of its rows; today's lr is {readable(lr)}. Each was judged by the loss over the others."
    )
    caption = "The loss over the rows held out at each setting; a star is the best, hatched cells diverged."
    return Section(
        title,
        [said, *str(found).splitlines()],
        pictures=[Picture("trained-plane", plane_figure(plane), caption)],
        numbers={"trained-plane": dataset},
    )


def _rule_of(model: Model, optimizer: object, state: Pytree) -> tuple[Optimizer, float]:
    """The optimizer as one rule, with its lr of today."""
    reading = reading_of(optimizer, model.bridge, state)
    if len(reading.parts) != 1 or reading.parts[0].lr is None:
        raise PolyakError(
            f"{reading.label} has {len(reading.parts)} groups of settings, expected one learning rate to vary"
        )
    (part,) = reading.parts
    assert part.lr is not None
    return (CoupledDecay(part.rule, part.pull) if part.pull else part.rule), part.lr
