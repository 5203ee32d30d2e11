"""The section on the plane: what if the learning rate were a little larger, and the momentum?"""

from __future__ import annotations

import xarray as xr

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.rules import Optimizer, Rule
from polyak.show import plane_figure
from polyak.show.style import label
from polyak.study.section import Picture, Section, Subject
from polyak.study.sections import section
from polyak.sweeps import Axis, Best, best, log, memory, search_space, sweep

AROUND = 10.0  # the axis of the learning rate goes so many times below the rule's own, and above it
SIDE = 100
MOMENTA = ("momentum", "beta1", "rate")


@section(60)
def plane(subject: Subject) -> Section:
    """Every learning rate around the rule's own, and every momentum, on the landscape; else why not."""
    title = "What if it were set otherwise"
    try:
        swept = sweep(
            search_space(subject.rule, **_axes(subject.rule)), on=subject.landscape, steps=subject.steps
        )
        found = best(swept)
    except PolyakError as error:
        return Section(title, [f"The plane of its settings: {error}."])
    assert isinstance(swept, xr.Dataset)
    assert not isinstance(found, dict)
    cells = swept[found.quantity].size
    place = f"the {subject.landscape.name}, {subject.steps} steps"
    return Section(
        title,
        paragraphs=[_in_words(subject, found, cells)],
        pictures=[Picture("plane", plane_figure(swept), f"{cells:,} settings on {place}.")],
        numbers={"plane": swept},
    )


def _axes(rule: Optimizer) -> dict[str, Axis]:
    if not isinstance(rule, Rule):
        raise PolyakError("only rules of polyak's own say which numbers set them")
    settings = rule.settings()
    lr = settings.get("lr")
    if not isinstance(lr, float) or lr <= 0:
        raise PolyakError("it has no learning rate above 0 that stays the same")
    axes = {"lr": log(lr / AROUND, lr * AROUND, SIDE)}
    return axes | {name: memory(1, 100, SIDE) for name in MOMENTA if isinstance(settings.get(name), float)}


def _in_words(subject: Subject, found: Best, cells: int) -> str:
    where = ", ".join(f"{name} {readable(value, 3)}" for name, value in found.settings.items())
    edge = "".join(f" It lies on the {end} edge of {name}." for name, end in found.edges.items())
    gone = f" {found.diverged:.0%} of them diverged." if found.diverged else ""
    return (
        f"Of {cells:,} settings around {label(subject.rule)}, the best after {subject.steps} steps is "
        f"{where}, where f is {readable(found.median, 3)}.{edge}{gone}"
    )
