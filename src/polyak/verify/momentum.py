"""Changes of the linear momentum family: what each does to the row (m, c, p, q)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polyak.frameworks.steppers import Array
from polyak.rules import Coefficients, LinearRule
from polyak.verify.change import always, rows_of
from polyak.verify.reference_model import Model, Slots

FACTOR = "differs by a factor 1-gamma"
MISPLACED = "lr in the wrong place"
OTHER_FORM = "Nesterov of the other form"


def row_at(rule: LinearRule, step: int) -> Coefficients:
    """The row of a step of a member of the family."""
    return rule.coefficients() if step else rule.first_coefficients()


def rows(change: Callable[[Coefficients, float], Coefficients]) -> Callable[[Model], Model]:
    """A change of every step's row, given the learning rate too."""
    return lambda model: model.but(row=lambda rule, step: change(row_at(rule, step), float(_lr(rule))))


def _lr(rule: Any) -> float:  # noqa: ANN401
    return float(rule.lr)


def has_momentum(model: Model) -> bool:
    """Whether there is a velocity that moves x."""
    row = row_at(model.rule, 1)
    return bool(row.m != 0 and (row.p != 0 or row.q != 0))


def is_ball(model: Model) -> bool:
    """Whether the velocity alone moves x."""
    return has_momentum(model) and bool(row_at(model.rule, 1).q == 0)


def looks_ahead(model: Model) -> bool:
    """Whether the gradient moves x beside the velocity."""
    return has_momentum(model) and not is_ball(model)


def _counted_twice(rule: LinearRule, step: int) -> Coefficients:
    row = row_at(rule, step)
    return row if step else row._replace(c=(1 + row.m) * row.c)


def _whole_first(rule: LinearRule, step: int) -> Coefficients:
    row, lr = rule.coefficients(), _lr(rule)
    return row if step else row._replace(c=lr if row.c == lr else 1.0)


def _late(rule: LinearRule, g: Array, slots: Slots, _: Array) -> tuple[Array, Slots]:
    m, c, p, q = rule.coefficients()
    v = slots["velocity"]
    return -(p * v + q * g), {**slots, "velocity": m * v + c * g}


def _of_parameters(rule: LinearRule, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
    m, c, p, q = rule.coefficients()
    v = m * slots["velocity"] + c * x
    return -(p * v + (q or p * c) * g), {**slots, "velocity": v}


def _lr_on_the_velocity(*, inside: bool) -> Callable[[Model], Model]:
    """v <- lr (m v + g) in place of v <- m v + lr g, and the same where lr stands outside too."""

    def changed(model: Model) -> Model:
        turns = getattr(model.rule, "lr_in_velocity", inside) != inside

        def row(rule: LinearRule, step: int) -> Coefficients:
            here = row_at(rule.replace(lr_in_velocity=inside) if turns else rule, step)
            return here._replace(m=_lr(rule) * here.m)

        return model.but(row=row)

    return changed


MOMENTUM = (
    *rows_of(
        has_momentum,
        (
            "momentum has no effect",
            "its momentum does nothing: a gradient moves x once and is forgotten",
            rows(lambda row, _: row._replace(m=0.0)),
        ),
        (
            "sign of the momentum",
            "its momentum has the wrong sign",
            rows(lambda row, _: row._replace(m=-row.m)),
        ),
        (
            FACTOR,
            "its velocity averages the gradients, (1-gamma) g each, where the reference sums them:"
            " its steps are 1-gamma times as large",
            rows(lambda row, _: row._replace(c=(1 - row.m) * row.c, q=(1 - row.m) * row.q)),
        ),
        (
            FACTOR,
            "its velocity averages the gradients, (1-gamma) g each, beside a plain one that is whole",
            rows(lambda row, _: row._replace(c=(1 - row.m) * row.c)),
        ),
        (
            FACTOR,
            "its velocity sums the gradients where the reference averages them: its steps are 1/(1-gamma) times as"
            " large",
            rows(lambda row, _: row._replace(c=row.c / (1 - row.m), q=row.q / (1 - row.m))),
        ),
    ),
    *rows_of(
        is_ball,
        (
            "Nesterov's look-ahead",
            "it looks ahead, as Nesterov's does; the reference is a heavy ball",
            rows(lambda row, _: Coefficients(row.m, row.c, row.p * row.m, row.p * row.c)),
        ),
        (
            "Nesterov's look-ahead",
            "it looks ahead, and holds the learning rate in its velocity; the reference is a heavy ball",
            rows(lambda row, lr: Coefficients(row.m, lr, row.m, lr)),
        ),
    ),
    *rows_of(
        looks_ahead,
        (
            "no Nesterov look-ahead",
            "it is a heavy ball: it does not look ahead, as the reference does",
            rows(lambda row, _: Coefficients(row.m, row.c, row.p / row.m, 0.0)),
        ),
        (
            OTHER_FORM,
            "its look-ahead is half done: the velocity is not multiplied by gamma in its step",
            rows(lambda row, _: row._replace(p=row.p / row.m)),
        ),
        (
            OTHER_FORM,
            "its look-ahead is done twice",
            rows(lambda row, _: Coefficients(row.m, row.c, row.p * row.m, row.q + row.p * row.c)),
        ),
    ),
    *rows_of(
        has_momentum,
        (
            MISPLACED,
            "its learning rate multiplies the velocity that is kept too, and is taken in with the gradient",
            _lr_on_the_velocity(inside=True),
        ),
        (
            MISPLACED,
            "its learning rate multiplies the velocity that is kept too, and is applied outside once more",
            _lr_on_the_velocity(inside=False),
        ),
        (
            "the velocity is a step late",
            "its step uses the velocity of the step before, and takes the gradient in afterwards",
            lambda model: model.but(advance=_late),
        ),
        (
            "the first gradient counts twice",
            "its velocity begins as the first gradient, and then takes that gradient in once more",
            lambda model: model.but(row=_counted_twice),
        ),
        (
            "the velocity holds the parameters",
            "its velocity takes in the parameters instead of their gradients",
            lambda model: model.but(advance=_of_parameters),
        ),
        (
            "the velocity holds gradient descent's own step too",
            "its step takes the plain gradient besides the velocity",
            rows(lambda row, lr: row._replace(q=row.q + lr)),
        ),
        (
            "dampening on the first step",
            "its velocity begins as the whole first gradient",
            lambda model: model.but(row=_whole_first),
        ),
        (
            "dampening on the first step",
            "its first gradient is taken in as every other, the reference's is taken whole",
            lambda model: model.but(row=lambda rule, _: rule.coefficients()),
        ),
    ),
    *rows_of(
        always,
        (
            MISPLACED,
            "its learning rate is applied twice, once more beside the velocity",
            rows(lambda row, lr: row._replace(p=lr * row.p, q=lr * row.q)),
        ),
        (
            MISPLACED,
            "its learning rate is applied twice, once more in the velocity",
            rows(lambda row, lr: row._replace(c=lr * row.c, q=lr * row.q)),
        ),
        (
            MISPLACED,
            "its learning rate is not applied",
            rows(lambda row, lr: row._replace(p=row.p / lr, q=row.q / lr) if lr else row),
        ),
    ),
)
