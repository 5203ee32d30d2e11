"""Changes of the linear momentum family: what each does to the row (m, c, p, q)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from polyak.frameworks.stepper import Array
from polyak.rules import Coefficients, LinearRule
from polyak.verify.model import Model, Slots

Change = tuple[str, str, Model]
FACTOR = "differs by a factor 1-gamma"


def changes(model: Model) -> Iterator[Change]:
    """Every change of a linear model's row, the plainest first."""
    here = row_at(model.rule, 1)

    def rows(change: Callable[[Coefficients, float], Coefficients]) -> Model:
        return model.but(row=lambda rule, step: change(row_at(rule, step), float(rule.lr)))

    m, p, q = here.m, here.p, here.q
    if m != 0 and (p != 0 or q != 0):
        yield (
            "momentum has no effect",
            "its momentum does nothing: a gradient moves x once and is forgotten",
            rows(lambda row, _: row._replace(m=0.0)),
        )
        yield (
            "sign of the momentum",
            "its momentum has the wrong sign",
            rows(lambda row, _: row._replace(m=-row.m)),
        )
        yield from _averages(rows)
        yield from _looks_ahead(rows, here)
        yield from _lr_on_the_velocity(model)
        yield (
            "the velocity is a step late",
            "its step uses the velocity of the step before, and takes the gradient in afterwards",
            model.but(advance=_late),
        )
        yield (
            "the first gradient counts twice",
            "its velocity begins as the first gradient, and then takes that gradient in once more",
            model.but(row=_counted_twice),
        )
        yield (
            "the velocity holds the parameters",
            "its velocity takes in the parameters instead of their gradients",
            model.but(advance=_of_parameters),
        )
        yield (
            "the velocity holds gradient descent's own step too",
            "its step takes the plain gradient besides the velocity",
            rows(lambda row, lr: row._replace(q=row.q + lr)),
        )
        yield (
            "dampening on the first step",
            "its velocity begins as the whole first gradient",
            model.but(row=_whole_first),
        )
        yield (
            "dampening on the first step",
            "its first gradient is taken in as every other, the reference's is taken whole",
            model.but(row=lambda rule, _: rule.coefficients()),
        )
    for place, change in (
        ("beside the velocity", lambda row, lr: row._replace(p=lr * row.p, q=lr * row.q)),
        ("in the velocity", lambda row, lr: row._replace(c=lr * row.c, q=lr * row.q)),
    ):
        yield "lr in the wrong place", f"its learning rate is applied twice, once more {place}", rows(change)
    yield (
        "lr in the wrong place",
        "its learning rate is not applied",
        rows(lambda row, lr: row._replace(p=row.p / lr, q=row.q / lr) if lr else row),
    )


def _lr_on_the_velocity(model: Model) -> Iterator[Change]:
    """v <- lr (m v + g) in place of v <- m v + lr g, and the same where lr stands outside too."""
    holds = getattr(model.rule, "lr_in_velocity", None)
    for inside in (True, False):

        def row(rule: Any, step: int, inside: bool = inside) -> Coefficients:
            turned = rule if holds in (None, inside) else rule.replace(lr_in_velocity=inside)
            found = row_at(turned, step)
            return found._replace(m=rule.lr * found.m)

        where = "taken in with the gradient" if inside else "applied outside once more"
        yield (
            "lr in the wrong place",
            f"its learning rate multiplies the velocity that is kept too, and is {where}",
            model.but(row=row),
        )


def _averages(rows: Callable[..., Model]) -> Iterator[Change]:
    yield (
        FACTOR,
        "its velocity averages the gradients, (1-gamma) g each, where the reference sums them:"
        " its steps are 1-gamma times as large",
        rows(lambda row, _: row._replace(c=(1 - row.m) * row.c, q=(1 - row.m) * row.q)),
    )
    yield (
        FACTOR,
        "its velocity averages the gradients, (1-gamma) g each, beside a plain one that is whole",
        rows(lambda row, _: row._replace(c=(1 - row.m) * row.c)),
    )
    yield (
        FACTOR,
        "its velocity sums the gradients where the reference averages them: its steps are 1/(1-gamma) times as large",
        rows(lambda row, _: row._replace(c=row.c / (1 - row.m), q=row.q / (1 - row.m))),
    )


def _looks_ahead(rows: Callable[..., Model], here: Coefficients) -> Iterator[Change]:
    if here.q == 0:
        yield (
            "Nesterov's look-ahead",
            "it looks ahead, as Nesterov's does; the reference is a heavy ball",
            rows(lambda row, _: Coefficients(row.m, row.c, row.p * row.m, row.p * row.c)),
        )
        yield (
            "Nesterov's look-ahead",
            "it looks ahead, and holds the learning rate in its velocity; the reference is a heavy ball",
            rows(lambda row, lr: Coefficients(row.m, lr, row.m, lr)),
        )
    else:
        yield (
            "no Nesterov look-ahead",
            "it is a heavy ball: it does not look ahead, as the reference does",
            rows(lambda row, _: Coefficients(row.m, row.c, row.p / row.m, 0.0)),
        )
        yield (
            "Nesterov of the other form",
            "its look-ahead is half done: the velocity is not multiplied by gamma in its step",
            rows(lambda row, _: row._replace(p=row.p / row.m)),
        )
        yield (
            "Nesterov of the other form",
            "its look-ahead is done twice",
            rows(lambda row, _: Coefficients(row.m, row.c, row.p * row.m, row.q + row.p * row.c)),
        )


def row_at(rule: LinearRule, step: int) -> Coefficients:
    """The row of a step of a member of the family."""
    return rule.coefficients() if step else rule.first_coefficients()


def _counted_twice(rule: LinearRule, step: int) -> Coefficients:
    row = row_at(rule, step)
    return row if step else row._replace(c=(1 + row.m) * row.c)


def _whole_first(rule: LinearRule, step: int) -> Coefficients:
    row = rule.coefficients()
    lr: Any = rule.lr  # type: ignore[attr-defined]
    return row if step else row._replace(c=lr if row.c == lr else 1.0)


def _late(rule: LinearRule, g: Array, slots: Slots, _: Array) -> tuple[Array, Slots]:
    m, c, p, q = rule.coefficients()
    v = slots["velocity"]
    return -(p * v + q * g), {**slots, "velocity": m * v + c * g}


def _of_parameters(rule: LinearRule, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
    m, c, p, q = rule.coefficients()
    v = m * slots["velocity"] + c * x
    return -(p * v + (q or p * c) * g), {**slots, "velocity": v}
