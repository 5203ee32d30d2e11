r"""Adaptive rules while their preconditioner stays: in one state they are a linear rule, on a curvature of their own.

A rule such as Adam divides each entry's gradient by a number that it makes of past squares. Hold those squares at
today's values s: the step is then linear in the gradient and in the other slots, and all entries take the same one but
for the size p_i of what a gradient moves entry i by in the end,

    z_i <- A z_i + p_i b g_i,    p_i = eta / D_i,    and on a Hessian H the curvatures are those of P^{1/2} H P^{1/2}

For Adam D_i = (1 - beta_1^t) (sqrt(s_hat_i) + eps): found here, as A and b are, by differentiating `rule.update`. Where
no gradient comes, the squares do not turn (they are even in g), so that the Jacobian there is the rule with its squares
held; it is taken at the slots from which such a step leads to today's. That the rule is linear then is tested at
gradients of every size, the squares set so that they are today's after the step.

Source: Cohen, J. et al. (2022). Adaptive gradient methods at the edge of stability, section 2, for Adam's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from polyak.ground.compiled import jitted
from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree
from polyak.rules import CoupledDecay, Optimizer, Wrapper
from polyak.rules.base import RuleState
from polyak.theory.examination import Examination
from polyak.theory.state_space import room, update, update_compiled
from polyak.theory.step_map import StepMap, loop_through_x, reduced

LINEAR_TO = 1e-7  # relative: how far a step may be from linear while its squares are held
SAME_TO = 1e-9  # relative: how far one entry's response may be from another's, but for its size
ROUNDS = 3  # of the search for the state before a step: a clock's first, then what goes by it
LARGE = 1e4  # gradients beside which those of the test leave room in the squares
SCALES = (1e-3, 1.0, 1e3)
TRIALS = 4
FEWEST, TOGETHER = 64, 2**20  # entries that are looked at together: what is made of them takes some 200 MB
LEAST = 1e-100  # in place of squares of 0, whose root has no slope


@dataclass(frozen=True, eq=False)
class Held:
    """A rule in one state with its preconditioner held still.

    Attributes:
        step: the map of one entry, on a curvature times what a gradient moves x by in the end.
        gains: p, what a gradient of 1 moves each entry by in the end, downhill: shape (n,).
        pull: the strength of a weight decay that goes through the gradient: it adds to the curvature.
        state: one number's, from which the step leads to today's preconditioner, of the first entry.
        gain: that entry's.
        examination: of the rule.
        rule: without the decay that is `pull`.
    """

    step: StepMap
    gains: NDArray[np.float64]
    pull: float
    state: Pytree
    gain: float
    examination: Examination
    rule: Optimizer


class _Turned(NamedTuple):
    """What a small change of what a step is given changes: x, and the state's leaves."""

    x: jax.Array
    leaves: list[jax.Array]


def undecayed(rule: Optimizer) -> tuple[Optimizer, float]:
    """A rule without the weight decay that goes through its gradient, and that decay's strength.

    >>> import polyak as pk
    >>> undecayed(pk.Adam(lr=0.1, weight_decay=0.5))[1], undecayed(pk.AdamW(lr=0.1))[1]
    (0.5, 0.0)
    """
    if isinstance(rule, CoupledDecay):
        inner, more = undecayed(rule.rule)
        return inner, float(rule.amount) + more
    if isinstance(rule, Wrapper):
        return rule, 0.0
    settings = rule.settings()
    strength = settings.get("weight_decay", 0.0)
    if settings.get("decay") == "coupled" and isinstance(strength, float) and strength:
        return rule.replace(weight_decay=0.0), strength
    return rule, 0.0


@dataclass(frozen=True, eq=False)
class Adaptive:
    """A rule that is linear while its preconditioner stays, by test.

    Attributes:
        examination: of the rule.
        held: the places, among the leaves of its state, of what makes the preconditioner and of its clocks.
    """

    examination: Examination
    held: tuple[int, ...]


def adaptive(rule: Optimizer, steps: int = 0) -> Adaptive:
    """What is held of a rule whose step is linear in the gradient while its preconditioner stays.

    Raises PolyakError for any other: it mixes entries, its step has a fixed length whatever the gradient is, or
    something else in it turns with the gradient.

    >>> import polyak as pk
    >>> adaptive(pk.Adam(lr=0.1)).held  # of count, mean, squares, t
    (2, 3)
    >>> adaptive(pk.Signum(lr=0.1, momentum=0.9))
    Traceback (most recent call last):
    ...
    polyak.PolyakError: signum takes steps of a fixed length, however small the gradient: it settles at no learning
    rate, and has no edge in one
    """
    examination = Examination(rule, steps)
    examination.require_elementwise()
    if not examination.compiled:
        raise PolyakError(f"{examination.name} cannot be traced: what of its step stays is not known here")
    with jax.enable_x64(True):
        return _tested(examination)


def held(found: Adaptive, state: Pytree, *, pull: float = 0.0, rule: Optimizer | None = None) -> Held:
    """A rule with its preconditioner as it is in a state.

    Args:
        found: the rule's, by `adaptive`.
        state: the rule's on a vector of n entries, after at least one step.
        pull: the strength of a decay that `undecayed` took out of the rule.
        rule: the same rule with other numbers, in place of the one that was tested.
    """
    entries = max((np.size(leaf) for leaf in jax.tree.leaves(state)), default=1)
    pieces = [
        _held(found, _between(state, start, entries), pull, rule) for start in range(0, entries, TOGETHER)
    ]
    first = pieces[0]
    for other in pieces[1:]:
        same = np.allclose(response_of(other.step), response_of(first.step), rtol=SAME_TO, atol=SAME_TO)
        if not same or not math.isclose(other.pull, first.pull, rel_tol=SAME_TO, abs_tol=SAME_TO):
            raise PolyakError(
                f"{found.examination.name} moves some parameters otherwise than others: it has no one edge"
            )
    return replace(first, gains=np.concatenate([piece.gains for piece in pieces]))


def _between(state: Pytree, start: int, entries: int) -> Pytree:
    """The state of some entries of a vector, so many as are looked at together."""
    return jax.tree.map(
        lambda leaf: leaf[start : start + TOGETHER] if np.shape(leaf) == (entries,) else leaf, state
    )


def _held(found: Adaptive, state: Pytree, pull: float, rule: Optimizer | None) -> Held:
    """The same, of entries that are all looked at together."""
    examination = found.examination
    rule = examination.rule if rule is None else rule
    with jax.enable_x64(True):
        state = jax.tree.map(jnp.asarray, state)
        entries = max((leaf.size for leaf in jax.tree.leaves(state)), default=1)
        n = room(max(entries, FEWEST))
        state = jax.tree.map(lambda leaf: _padded(leaf, entries, n), state)
        before = _before(rule, state, found.held, jnp.zeros(n))
        one = entry(before, 0, n)
        step = reduced(*examination.matrices(rule, one))
        sizes, through = _sizes(examination.name, rule, before, n, len(step.B))
    step = StepMap(step.A - through * np.outer(step.B, np.eye(len(step.B))[0]), step.B)
    gain = gain_of(step)
    if not -math.inf < gain < 0:
        raise PolyakError(
            f"{examination.name} does not step downhill in this state: it has no edge in a learning rate"
        )
    unit = StepMap(step.A, step.B / -gain)
    return Held(unit, -gain * sizes[:entries], pull + through, one, -gain, examination, rule)


def _flat(state: Pytree) -> tuple[list[jax.Array], Any]:
    """The leaves of a state, and what makes one of them again."""
    return jax.tree.flatten(state)


def _padded(leaf: jax.Array, entries: int, n: int) -> jax.Array:
    """A vector with its last entry once more and more: what is compiled for one length serves many."""
    return jnp.pad(leaf, (0, n - entries), mode="edge") if leaf.shape == (entries,) else leaf


def entry(state: Pytree, index: int, n: int) -> Pytree:
    """One entry's state, of that of a vector of n."""
    return jax.tree.map(lambda leaf: leaf[index : index + 1] if leaf.shape == (n,) else leaf, state)


def without_pull(step: StepMap) -> tuple[StepMap, float]:
    """A step without the decay that goes through its slots, as a curvature would, and the strength of that.

    >>> import polyak as pk
    >>> from polyak.theory.step_map import step_map
    >>> without_pull(step_map(pk.rules.CoupledDecay(pk.HeavyBall(lr=0.1, momentum=0.9), 0.25)))[1]
    0.25
    """
    fed = [float(a / b) for a, b in zip(step.A[1:, 0], step.B[1:], strict=True) if a and b]
    strength = fed[0] if fed else 0.0
    return StepMap(step.A - strength * np.outer(step.B, np.eye(len(step.B))[0]), step.B), strength


def response_of(step: StepMap) -> NDArray[np.float64]:
    """What one gradient leaves in x after 1, 2 .. 2 s steps, were x to pull on nothing."""
    A = step.A.copy()
    A[:, 0] = np.eye(len(step.B))[0]
    z, left = step.B, []
    for _ in range(2 * len(z)):
        left.append(z[0])
        z = A @ z
    return np.array(left)


def gain_of(step: StepMap) -> float:
    """What one unit gradient moves x by in the end, where x itself pulls on nothing; nan where that grows for ever."""
    A, B = step.A, step.B
    if len(B) == 1:
        return float(B[0])
    if not np.abs(np.linalg.eigvals(A[1:, 1:])).max() < 1:
        return math.nan
    return float(B[0] + A[0, 1:] @ np.linalg.solve(np.eye(len(B) - 1) - A[1:, 1:], B[1:]))


def _sizes(name: str, rule: Optimizer, state: Pytree, n: int, size: int) -> tuple[NDArray[np.float64], float]:
    """How large each entry's response is in the first's, and the strength of a decay that goes through the slots.

    Raises PolyakError where the entries differ in more than their size.
    """
    zeros = [jnp.zeros_like(leaf) for leaf in jax.tree.leaves(state)]
    first = turned = _turned(rule, state, jnp.zeros(n), zeros, jnp.ones(n))
    sizes = first.x / first.x[0]
    if not bool((jnp.isfinite(sizes) & (sizes > 0)).all()):
        raise PolyakError(
            f"{name} has no preconditioner for every parameter in this state: expected one with an eps"
        )
    for _ in range(2 * size):
        turned = _turned(rule, state, jnp.zeros(n), turned.leaves, jnp.zeros(n))
        if not _alike(turned.x, turned.x[0] * sizes):
            raise PolyakError(f"{name} moves some parameters otherwise than others: it has no one edge")
    alone = _turned(rule, state, jnp.ones(n), zeros, jnp.zeros(n))
    through = _through(alone, first)
    if through is None or not _alike(left := alone.x - through * first.x, left[0] * jnp.ones(n)):
        raise PolyakError(f"{name} decays some parameters otherwise than others: it has no one edge")
    return np.asarray(sizes), through


def _through(alone: _Turned, first: _Turned) -> float | None:
    """What x adds to a slot, in what a gradient adds to it: the strength of a decay that goes through the gradient."""
    strength = 0.0
    for by_x, by_g in zip(alone.leaves, first.leaves, strict=True):
        if not bool((by_x != 0).any()):
            continue
        if by_g.shape != by_x.shape or not bool(by_g.all()):
            return None
        strength = float((by_x / by_g).ravel()[0])
    alike = all(
        _alike(by_x, strength * by_g)
        for by_x, by_g in zip(alone.leaves, first.leaves, strict=True)
        if bool((by_x != 0).any())
    )
    return strength if alike else None


def _alike(a: jax.Array, b: jax.Array) -> bool:
    return bool((jnp.abs(a - b) <= SAME_TO * jnp.abs(b)).all())


@jitted
def _turned(
    rule: Optimizer, state: Pytree, dx: jax.Array, changes: list[jax.Array], dg: jax.Array
) -> _Turned:
    """d(x', slots') along (dx, dslots, dg), where no gradient comes."""
    leaves, tree = _flat(state)
    places = [k for k, leaf in enumerate(leaves) if jnp.issubdtype(leaf.dtype, jnp.inexact)]

    def step(x: jax.Array, numbers: list[jax.Array], g: jax.Array) -> tuple[jax.Array, list[jax.Array]]:
        filled = list(leaves)
        for place, number in zip(places, numbers, strict=True):
            filled[place] = number
        updates, new = update(rule, g, tree.unflatten(filled), x)
        after = jax.tree.leaves(new)
        return x + updates, [after[place] for place in places]

    at = jnp.zeros_like(dx), [leaves[place] for place in places], jnp.zeros_like(dg)
    _, (x, numbers) = jax.jvp(step, at, (dx, [changes[place] for place in places], dg))
    found = [jnp.zeros_like(leaf, dtype=dx.dtype) for leaf in leaves]
    for place, number in zip(places, numbers, strict=True):
        found[place] = number
    return _Turned(x, found)


@partial(jitted, static=2)
def _before(rule: Optimizer, state: Pytree, places: tuple[int, ...], g: jax.Array) -> Pytree:
    """The state from which a step at this gradient leads to the given one, in the leaves at these places.

    What a step makes of such a leaf goes up evenly with it: a clock, a moving average, a sum. A leaf of which nothing
    is left stays as it is.
    """
    wanted, tree = _flat(state)
    found, x = list(wanted), jnp.zeros_like(g)
    for _ in range(ROUNDS):
        for place in places:
            after, left = _own(rule, tree.unflatten(found), place, x, g)
            off = (wanted[place] - after) / jnp.where(left == 0, 1, left)
            found[place] = found[place] + jnp.where(left == 0, 0, off).astype(found[place].dtype)
    for place in places:
        leaf = found[place]
        if leaf.shape == g.shape and jnp.issubdtype(leaf.dtype, jnp.inexact):
            found[place] = jnp.where(leaf == 0, LEAST, leaf)
    return tree.unflatten(found)


def _own(
    rule: Optimizer, state: Pytree, place: int, x: jax.Array, g: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """A leaf of the state after a step, and how much of its own before is left in it."""
    leaves, tree = _flat(state)

    def after(leaf: jax.Array) -> jax.Array:
        filled = tree.unflatten([*leaves[:place], leaf, *leaves[place + 1 :]])
        return jnp.asarray(jax.tree.leaves(update(rule, g, filled, x)[1])[place])

    leaf = leaves[place]
    if not jnp.issubdtype(leaf.dtype, jnp.inexact):  # a whole number counts
        return after(leaf), jnp.ones_like(leaf)
    there, left = jax.jvp(after, (leaf,), (jnp.ones_like(leaf),))
    return there, left


def _tested(examination: Examination) -> Adaptive:
    """What is held of a rule, once gradients of every size have found its step linear while that is today's."""
    rule, n = examination.rule, TRIALS * len(SCALES)
    draw = np.random.default_rng(0).normal
    moved = update_compiled if examination.compiled else update
    state: Pytree = jax.tree.map(jnp.asarray, rule.init(jnp.zeros(n)))
    for g in LARGE * draw(size=(3, n)):
        _, state = moved(rule, jnp.asarray(g), state, jnp.zeros(n))
    A, B = examination.matrices(state=entry(state, 0, n))
    kept = loop_through_x(A[None], B[None])
    if not gain_of(reduced(A, B, kept)):
        raise PolyakError(
            f"{examination.name} takes steps of a fixed length, however small the gradient: it settles at no learning "
            "rate, and has no edge in one"
        )
    places = _held_places(state, set(kept))
    none, g = jnp.zeros(n), jnp.asarray(np.repeat(SCALES, TRIALS) * draw(size=n))
    still = _before(rule, state, places, none)
    expected = _turned(rule, still, none, [jnp.zeros_like(leaf) for leaf in jax.tree.leaves(still)], g).x
    with_g, without = (moved(rule, u, _before(rule, state, places, u), none)[0] for u in (g, none))
    if not bool((jnp.abs(with_g - without - expected) <= LINEAR_TO * jnp.abs(expected)).all()):
        raise PolyakError(
            f"{examination.name} is not linear in the gradient, nor is it while its preconditioner stays: it has no "
            "edge in a learning rate"
        )
    return Adaptive(examination, places)


def _held_places(state: Pytree, loop: set[int]) -> tuple[int, ...]:
    """The leaves that are not on x's own loop; a rule's count of steps, which its schedules go by, is left alone."""
    places, number = [], 1
    for place, leaf in enumerate(jax.tree.leaves(state)):
        inexact = bool(jnp.issubdtype(leaf.dtype, jnp.inexact))
        if not (inexact and number in loop) and leaf.dtype != jnp.bool_:
            places.append(place)
        number += inexact
    return tuple(places[1:] if isinstance(state, RuleState) else places)
