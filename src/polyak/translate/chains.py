"""An optimizer with its schedule as links of Optax's chain, where its own functions cannot say it under a schedule.

velocity with the lr inside:  v = m v + a_k g, x -= v (+ m v)    scale_by_learning_rate, then trace
decay beside the step:        x -= a_k (v + lambda x)            trace, add_decayed_weights, scale_by_learning_rate
"""

from __future__ import annotations

from dataclasses import dataclass

from polyak.rules import GradientDescent, HeavyBall, Nesterov, Rule
from polyak.translate.best_arguments import Condition
from polyak.translate.schedules.course import number

SCHEDULE = "schedule"  # what the learning rate is called where it stands twice


@dataclass(frozen=True)
class Chain:
    """Lines of Optax.

    Attributes:
        line: the chain.
        before: the line that names the schedule, where it stands twice; else empty.
    """

    line: str
    before: str = ""


def chain(
    rule: Rule, line: str, lr: str, conditions: tuple[Condition, ...], first: tuple[str, ...] = ()
) -> Chain:
    """An optimizer of Optax under a schedule, with what is done besides as links.

    Args:
        rule: what is to be done; the velocity's convention is taken from it.
        line: Optax's own function for it, its learning rate `lr`.
        lr: the schedule as code.
        conditions: what is done besides.
        first: links before all others.

    >>> found = chain(HeavyBall(lr=0.5, momentum=0.5), "", "optax.linear_schedule(1, 0, 9)", ())
    >>> found.line
    'optax.chain(optax.scale_by_learning_rate(optax.linear_schedule(1, 0, 9)), optax.trace(decay=0.5))'
    """
    amounts = {each.kind: each.amount for each in conditions}
    links = list(first)
    if "negate" in amounts:
        links.append("optax.scale(-1)")
    if "decay in the loss" in amounts:
        links.append(f"optax.add_decayed_weights({number(amounts['decay in the loss'])})")
    decay, before = amounts.get("decay by hand", 0.0), ""
    scaled = f"optax.scale_by_learning_rate({lr})"
    if decay and isinstance(rule, GradientDescent):
        links += [f"optax.add_decayed_weights({number(decay)})", scaled]
    elif decay and isinstance(rule, HeavyBall | Nesterov) and not rule.lr_in_velocity:
        links += [_trace(rule), f"optax.add_decayed_weights({number(decay)})", scaled]
    else:
        links += _steps(rule, line, scaled)
        links, before = _decayed(links, decay, lr)
    return Chain(links[0] if len(links) == 1 else f"optax.chain({', '.join(links)})", before)


def _steps(rule: Rule, line: str, scaled: str) -> list[str]:
    """The rule itself as links: its own line, or its trace behind the learning rate that the velocity holds."""
    inside = isinstance(rule, HeavyBall | Nesterov) and rule.lr_in_velocity
    return [scaled, _trace(rule)] if inside and isinstance(rule, HeavyBall | Nesterov) else [line]


def _decayed(links: list[str], decay: float, lr: str) -> tuple[list[str], str]:
    """The links with a decay behind the step, the learning rate in it; and the line before them that names the lr."""
    if not decay:
        return links, ""
    if _is_number(lr):
        return [*links, f"optax.add_decayed_weights({number(-decay * float(lr))})"], ""
    last = f"optax.add_decayed_weights(lambda k: -{number(decay)} * {SCHEDULE}(k))"
    return [*(link.replace(lr, SCHEDULE) for link in links), last], f"{SCHEDULE} = {lr}"


def _is_number(code: str) -> bool:
    try:
        float(code)
    except ValueError:
        return False
    return True


def _trace(rule: HeavyBall | Nesterov) -> str:
    nesterov = ", nesterov=True" if isinstance(rule, Nesterov) else ""
    return f"optax.trace(decay={number(float(rule.momentum))}{nesterov})"
