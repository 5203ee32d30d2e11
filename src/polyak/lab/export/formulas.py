"""What the exported page steps with: each rule's own row and each landscape's own gradient, as JavaScript."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from polyak.ground.errors import PolyakError
from polyak.lab.computing.descents import floor_of
from polyak.lab.computing.planes import curvatures_of
from polyak.lab.export.javascript import javascript
from polyak.lab.kinds import Kind
from polyak.lab.state import Value
from polyak.landscapes import Landscape
from polyak.rules.linear import LinearRule
from polyak.theory.departure import is_quadratic
from polyak.theory.rule_family import family


def is_exported(kind: Kind) -> bool:
    """Whether a rule is of the linear family with one row for every step: what the page can step by itself."""
    try:
        row_of(kind.rule({}), kind.name)
    except PolyakError:
        return False
    return True


def row_of(rule: object, name: str) -> LinearRule:
    """The rule, if a row (m, c, p, q) is all of it; else one line that says why it is not exported."""
    if not isinstance(rule, LinearRule):
        raise PolyakError(
            f"{name} is not of the linear family, and the exported page steps rows (m, c, p, q) only"
        )
    if rule.schedules():
        raise PolyakError(f"{name} has a schedule, and the exported page steps one row (m, c, p, q)")
    if rule.first_coefficients() != rule.coefficients():
        raise PolyakError(f"{name} has another first step, and the exported page steps one row (m, c, p, q)")
    return rule


def kind_in_script(kind: Kind, settings: Mapping[str, Value]) -> tuple[dict[str, Any], str]:
    """A rule's sliders and axes, and its row as a function of its numbers; its choices stay as they are."""
    rule = row_of(kind.rule(settings), kind.name)
    numbers = [control.name for control in kind.controls]
    choices = {name: value for name, value in rule.settings().items() if name not in numbers}

    def row(*values: Any) -> tuple[Any, ...]:
        return tuple(kind.make(**dict(zip(numbers, values, strict=True)), **choices).coefficients())  # type: ignore[attr-defined]

    member = family(rule)
    others = list(member.others)
    over = "momentum" if "momentum" in others else (others[0] if others else None)
    sliders = []
    for control in kind.controls:
        value = float(rule.settings()[control.name])
        scale = control.scale(value)
        sliders.append(
            {
                "name": control.name,
                "meaning": control.meaning,
                "low": control.low,
                "high": control.high if math.isfinite(control.high) else None,
                "open": control.high == 1.0 and control.name in (over, "momentum"),
                "ends": [scale.low, scale.high],
                "step": scale.step,
                "kind": scale.kind,
                "begin": value,
            }
        )
    return {"controls": sliders, "lr": member.lr, "over": over}, javascript(kind.name, row, numbers)


def landscape_in_script(landscape: Landscape) -> tuple[dict[str, Any], str]:
    """What the page knows of a landscape, and (x1, x2) -> f and its gradient."""
    import jax
    import jax.numpy as jnp

    def value_and_gradient(x1: Any, x2: Any) -> Any:  # noqa: ANN401  what JAX traces with
        return jax.value_and_grad(landscape.function)(jnp.stack([x1, x2]))

    about = {
        "start": list(landscape.start),
        "minimisers": [list(point) for point in landscape.minimisers],
        "own": [list(ends) for ends in landscape.window],
        "floor": floor_of(landscape),
        "curvatures": curvatures_of(landscape).tolist(),
        "quadratic": is_quadratic(landscape),
    }
    return about, javascript(landscape.name, value_and_gradient, ["x1", "x2"])
