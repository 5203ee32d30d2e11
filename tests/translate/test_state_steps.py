"""The number of steps goes across: a training whose schedule is half way goes on as if nothing had happened."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch

import polyak as pk
from polyak.frameworks import stepper
from polyak.frameworks.keras.stepper import double, on_jax
from polyak.translate.proof_problem import Problem, arrays, numbers, problem_for

LR, STEPS, AT = 0.1, 100, 40
ROUNDING = 1e-12
MOMENTUM = 0.9
BETAS = (0.8, 0.95)


def cosine(step: Any) -> Any:
    """Half a cosine from LR to 0, of a number or of an array of JAX's."""
    return LR * 0.5 * (1 + (jnp if hasattr(step, "aval") else np).cos(math.pi * step / STEPS))


class Party(NamedTuple):
    """An optimizer by its name, with settings; and under which of them its learning rate is."""

    name: str
    settings: dict[str, Any]
    lr: str


ADAMS = [
    Party("torch:AdamW", {"betas": BETAS, "eps": 1e-8, "weight_decay": 0.0}, "lr"),
    Party("optax:adamw", {"b1": BETAS[0], "b2": BETAS[1], "eps": 1e-8, "weight_decay": 0.0}, "learning_rate"),
    Party("jax:adam", {"b1": BETAS[0], "b2": BETAS[1], "eps": 1e-8}, "step_size"),
    Party("polyak:adam", {"beta1": BETAS[0], "beta2": BETAS[1], "eps": 1e-8}, "lr"),
    Party(
        "keras:AdamW",
        {"beta_1": BETAS[0], "beta_2": BETAS[1], "epsilon": 0.0, "weight_decay": 0.0},
        "learning_rate",
    ),
]
BALLS = [
    Party("torch:SGD", {"momentum": MOMENTUM}, "lr"),
    Party("optax:sgd", {"momentum": MOMENTUM}, "learning_rate"),
    Party("jax:momentum", {"mass": MOMENTUM}, "step_size"),
    Party("polyak:heavy_ball", {"momentum": MOMENTUM, "lr_in_velocity": False}, "lr"),
]
HOLDING = [
    Party("keras:SGD", {"momentum": MOMENTUM}, "learning_rate"),
    Party("polyak:heavy_ball", {"momentum": MOMENTUM}, "lr"),
]


@pytest.fixture(scope="module")
def problem() -> Problem:
    return problem_for(pk.HeavyBall(lr=LR, momentum=MOMENTUM), STEPS)


def begun(party: Party, x: np.ndarray, lr: float) -> Any:
    made = stepper(party.name, {**party.settings, party.lr: lr})
    made.start(arrays(x))
    return made


def walked(made: Any, problem: Problem, x: np.ndarray, steps: range) -> np.ndarray:
    """With the learning rate set by hand before each step, as a scheduler sets it."""
    rows = []
    for step in steps:
        made.set_lr(float(cosine(step)))
        x = numbers(made.step(arrays(problem.gradient(x, step))))
        rows.append(x)
    return np.array(rows)


def of_rule(rule: Any, state: Any, problem: Problem, x: np.ndarray) -> Iterator[np.ndarray]:
    """The rest of the way of anything with `init` and `update`, its schedule inside."""
    update = jax.jit(rule.update)
    for step in range(AT, STEPS):
        updates, state = update(arrays(problem.gradient(x, step)), state, arrays(x))
        x = x + numbers([np.asarray(u) for u in updates])
        yield x


def of(party: Party) -> Any:
    """What a state is said to be of: one of our rules tells its velocity's units itself."""
    if not party.name.startswith("polyak"):
        return party.name
    return pk.rules.find(party.name.partition(":")[2]).from_settings(**party.settings, lr=LR)


class Scheduled(NamedTuple):
    """A side with its schedule inside: a fresh state on the two arrays, and how it goes on from a state."""

    like: Any
    goes_on: Callable[[Any, Problem, np.ndarray], Iterator[np.ndarray]]
    to: Any


def scheduled_optax(party: Party, way: str) -> Scheduled:
    factory: Any = getattr(optax, party.name.partition(":")[2])
    if way == "injected":
        factory = optax.inject_hyperparams(factory)
    made = factory(**party.settings, learning_rate=cosine)
    if way == "summing":
        made = optax.MultiSteps(made, 1)
    return Scheduled(
        made.init(arrays(np.zeros(8))), lambda s, problem, x: of_rule(made, s, problem, x), party.name
    )


def scheduled_rule(party: Party) -> Scheduled:
    rule = pk.rules.find(party.name.partition(":")[2]).from_settings(**party.settings, lr=cosine)
    return Scheduled(rule.init(arrays(np.zeros(8))), lambda s, problem, x: of_rule(rule, s, problem, x), rule)


def scheduled_jax(party: Party) -> Scheduled:
    from jax.example_libraries import optimizers

    begin, update, get = getattr(optimizers, party.name.partition(":")[2])(**party.settings, step_size=cosine)

    def goes_on(state: Any, problem: Problem, x: np.ndarray) -> Iterator[np.ndarray]:
        count, carry = state
        tree = optimizers.unpack_optimizer_state(carry)
        points = [
            optimizers.JoinPoint((jnp.asarray(new), *point.subtree[1:]))
            for new, point in zip(arrays(x), tree, strict=True)
        ]
        carry, moved = optimizers.pack_optimizer_state(points), jax.jit(update)
        for step in range(AT, STEPS):
            carry = moved(jnp.asarray(float(count)), arrays(problem.gradient(x, step)), carry)
            count, x = count + 1, numbers([np.asarray(a) for a in get(carry)])
            yield x

    return Scheduled((0, begin(arrays(np.zeros(8)))), goes_on, party.name)


def scheduled_keras(party: Party) -> Scheduled:
    keras = on_jax()

    class Cosine(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step: Any) -> Any:
            return cosine(jnp.asarray(step, dtype=jnp.float64))

    with double(keras):
        made = getattr(keras.optimizers, party.name.partition(":")[2])(
            **party.settings, learning_rate=Cosine()
        )
        variables = [keras.Variable(a, dtype="float64") for a in arrays(np.zeros(8))]
        made.build(variables)
    like = {str(k): np.array(each.value) for k, each in enumerate(made.variables)}

    def goes_on(state: Any, problem: Problem, x: np.ndarray) -> Iterator[np.ndarray]:
        made.load_own_variables(state)
        for variable, a in zip(variables, arrays(x), strict=True):
            variable.assign(a)
        with double(keras):
            for step in range(AT, STEPS):
                made.apply([jnp.asarray(g) for g in arrays(problem.gradient(x, step))], variables)
                x = numbers([np.array(each.value) for each in variables])
                yield x

    return Scheduled(like, goes_on, party.name)


def scheduled(party: Party, way: str) -> Scheduled:
    framework = party.name.partition(":")[0]
    if framework == "optax":
        return scheduled_optax(party, way)
    return {"polyak": scheduled_rule, "jax": scheduled_jax, "keras": scheduled_keras}[framework](party)


# Every state is read, into Optax's, and torch's goes into every schedule.
PAIRS = [
    *((a, family[1], "plain") for family in (ADAMS, BALLS) for a in family),
    *((family[0], b, "plain") for family in (ADAMS, BALLS) for b in family[2:]),
    *((family[0], family[1], way) for family in (ADAMS, BALLS) for way in ("injected", "summing")),
    *((a, b, "plain") for a in HOLDING for b in HOLDING),
]


@pytest.mark.parametrize(
    ("first", "second", "way"), PAIRS, ids=[f"{a.name} to {b.name}, {way}" for a, b, way in PAIRS]
)
def test_a_schedule_goes_on_where_it_stood(first: Party, second: Party, way: str, problem: Problem) -> None:
    if "keras:AdamW" in (first.name, second.name):  # at an eps of 0 it stands in the same place everywhere
        first, second = (
            party._replace(settings={key: 0.0 if "eps" in key else v for key, v in party.settings.items()})
            for party in (first, second)
        )
    a = begun(first, problem.start, LR)
    x = walked(a, problem, problem.start, range(AT))[-1]
    state = a.state()
    whole = walked(a, problem, x, range(AT, STEPS))
    with jax.enable_x64(True):
        there = scheduled(second, way)
        found = pk.convert_state(
            state, frm=of(first), to=there.to, lr=float(cosine(AT)), like=there.like, step=AT
        )
        both = np.array(list(there.goes_on(found, problem, x)))
    size = np.abs(whole - problem.start).max()
    assert np.abs(whole - both).max() < ROUNDING * size


def adamw_at_40() -> Any:
    x = torch.nn.Parameter(torch.ones(2, dtype=torch.float64))
    made = torch.optim.AdamW([x], lr=LR)
    for _ in range(AT):
        x.grad = torch.ones(2, dtype=torch.float64)
        made.step()
    return made.state_dict()


def test_a_schedule_that_is_given_is_kept() -> None:
    """And not put aside for the state's own learning rate."""
    found = pk.convert_state(
        adamw_at_40(),
        frm="torch:AdamW",
        to="optax:adamw",
        learning_rate=optax.cosine_decay_schedule(1e-2, 100),
    )
    assert [int(part.count) for part in found if hasattr(part, "_fields") and "count" in part._fields] == [
        AT,
        AT,
    ]
    stored = pk.convert_state(
        adamw_at_40(), frm="torch:AdamW", to="keras:AdamW", learning_rate=lambda step: 0.1
    )
    assert len(stored) == 3  # iterations, mean, squares: no learning rate beside its schedule
    assert int(stored["0"]) == AT
    rule = pk.convert_state(adamw_at_40(), frm="torch:AdamW", to="polyak:adam", lr=cosine(AT))
    assert rule.count == rule.slots[0]["t"] == AT


def test_a_velocity_is_scaled_by_what_a_schedule_says_next() -> None:
    state = (optax.TraceState(trace=[np.array([1.0])]), optax.EmptyState())
    found = pk.convert_state(
        state, frm="optax:sgd", to="keras:SGD", learning_rate=lambda step: 0.5 / step, step=10
    )
    assert (int(found["0"]), len(found)) == (10, 2)
    np.testing.assert_allclose(found["1"], [-0.05])
    rule = pk.HeavyBall(lr=lambda step: 0.5 / (step + 1), momentum=0.9)
    held = pk.convert_state(state, frm="optax:sgd", to=rule, step=9)
    np.testing.assert_allclose(held.slots[0]["velocity"], [0.05])


def test_back_from_a_schedule_the_steps_are_told() -> None:
    with jax.enable_x64(True):
        made = optax.adamw(cosine)
        x = [jnp.ones(2)]
        state = made.init(x)
        for _ in range(AT):
            _, state = made.update([jnp.ones(2)], state, x)
    there = pk.convert_state(state, frm="optax:adamw", to="torch:AdamW", lr=0.1)
    assert float(there["state"][0]["step"]) == AT
    sgd = (optax.TraceState(trace=[np.ones(2)]), optax.ScaleByScheduleState(count=np.asarray(AT)))
    assert int(pk.convert_state(sgd, frm="optax:sgd", to="keras:SGD", lr=0.1)["0"]) == AT
    assert (
        pk.convert_state(sgd, frm="optax:sgd", to="torch:SGD", lr=0.1, momentum=0.9)["param_groups"][0]["lr"]
        == 0.1
    )


def test_torch_counts_each_parameters_steps_and_keeps_them() -> None:
    """A parameter that missed two gradients: torch's own states say so, others have one number for all."""
    x, y = (torch.nn.Parameter(torch.full((n,), 1.0, dtype=torch.float64)) for n in (2, 3))

    def run(made: Any, steps: range) -> None:
        for step in steps:
            x.grad = torch.full_like(x, math.cos(step))
            y.grad = None if step < 2 else torch.full_like(y, math.sin(step))
            made.step()

    first = torch.optim.Adam([x, y], lr=0.1)
    run(first, range(10))
    state, kept = copy.deepcopy(first.state_dict()), [x.detach().clone(), y.detach().clone()]
    second = torch.optim.AdamW([x, y], lr=0.1, weight_decay=0.0)
    second.load_state_dict(
        pk.convert_state(state, frm="torch:Adam", to="torch:AdamW", like=second.state_dict())
    )
    assert [float(second.state[p]["step"]) for p in (x, y)] == [10, 8]
    run(second, range(10, 20))
    ended = [x.detach().clone(), y.detach().clone()]
    with torch.no_grad():
        x.copy_(kept[0]), y.copy_(kept[1])
    first.load_state_dict(copy.deepcopy(state))
    run(first, range(10, 20))
    assert all(torch.equal(a, b) for a, b in zip(ended, (x, y), strict=True))
    for other in ("optax:adam", "keras:Adam", "polyak:adam", "sklearn:adam"):
        with pytest.raises(pk.PolyakError, match=r"have taken 8, 10 steps, and .* counts one number for all"):
            pk.convert_state(state, frm="torch:Adam", to=other)


TRACE = optax.TraceState(trace=[np.ones(2)])
COUNTED = optax.ScaleByScheduleState(count=np.asarray(7))
MEANS = optax.ScaleByAdamState(count=np.asarray(7), mu=[np.ones(2)], nu=[np.ones(2)])


def amsgrad() -> Any:
    made = torch.optim.Adam([torch.nn.Parameter(torch.ones(2))], amsgrad=True)
    return made.state_dict()


@pytest.mark.parametrize(
    ("state", "how", "words"),
    [
        (
            (TRACE, COUNTED),
            {"frm": "optax:sgd", "to": "torch:SGD", "momentum": 0.9, "like": None},
            ["needs the learning rate"],
        ),
        (
            (TRACE, COUNTED),
            {"frm": "optax:sgd", "to": "optax:sgd", "like": (TRACE, optax.EmptyState())},
            ["has a schedule, at step 7", "optax:sgd has no place for a step", "give lr="],
        ),
        (
            (TRACE, optax.EmptyState()),
            {"frm": "optax:sgd", "to": "optax:sgd", "like": (TRACE, COUNTED)},
            ["has a schedule that goes by the number of steps", "give step="],
        ),
        (
            (TRACE, optax.EmptyState()),
            {"frm": "optax:sgd", "to": "optax:sgd", "learning_rate": cosine},
            ["learning_rate is a schedule", "give step="],
        ),
        (
            (TRACE, optax.EmptyState()),
            {"frm": "optax:sgd", "to": "torch:SGD", "lr": cosine, "momentum": 0.9},
            ["lr is <function"],
        ),
        (
            (TRACE, optax.EmptyState()),
            {"frm": "optax:sgd", "to": "optax:sgd", "lr": 0.1, "learning_rate": 0.2},
            ["given twice"],
        ),
        (
            (TRACE, optax.EmptyState()),
            {"frm": "optax:sgd", "to": "sklearn:sgd", "learning_rate_init": cosine},
            ["learning_rate_init is a schedule, expected its value"],
        ),
        (
            (TRACE, optax.EmptyState()),
            {"frm": "optax:sgd", "to": pk.HeavyBall(lr=cosine, momentum=0.9)},
            ["has a schedule", "give step="],
        ),
        (
            (MEANS, optax.ScaleByScheduleState(count=np.asarray(9))),
            {"frm": "optax:adam", "to": "optax:adam", "lr": 0.1},
            ["the counts in the state are 7, 9"],
        ),
        (
            (MEANS,),
            {"frm": "optax:adam", "to": "torch:Adam", "lr": 0.1, "step": 9},
            ["step is 9, and the state of optax:adam has taken 7"],
        ),
        (
            (MEANS, optax.EmaState(count=np.asarray(7), ema=[np.ones(2)])),
            {"frm": "optax:adam", "to": "torch:Adam", "lr": 0.1},
            ["holds EmaState", "no place"],
        ),
        (
            (MEANS,),
            {"frm": "optax:adam", "to": "optax:adam", "like": (MEANS, TRACE)},
            ["holds TraceState", "no place"],
        ),
        (
            optax.MultiStepsState(np.asarray(1), np.asarray(7), (TRACE,), [np.ones(2)], ()),
            {"frm": "optax:sgd", "to": "keras:SGD", "lr": 0.1},
            ["MultiSteps with 1 gradients summed", "after a whole step"],
        ),
        (
            amsgrad(),
            {"frm": "torch:Adam", "to": "optax:adam", "lr": 0.1},
            ["holds no exp_avg", "after a step"],
        ),
        (
            (MEANS,),
            {"frm": "optax:adam", "to": "torch:Adam", "like": amsgrad()},
            ["torch", "largest squares, amsgrad's"],
        ),
        (
            {"0": 1, "1": 0.1, "2": [1.0], "3": [1.0], "4": [1.0]},
            {"frm": "keras:Adam", "to": "optax:adam"},
            ["optax", "largest squares, amsgrad's"],
        ),
    ],
)
def test_what_would_begin_anew_or_be_lost_gets_one_line(
    state: Any, how: dict[str, Any], words: list[str], refused: Any
) -> None:
    with refused(*words):
        pk.convert_state(state, **how)


def test_keras_variables_of_another_kind_get_one_line(refused: Any) -> None:
    keras = on_jax()
    for options, word in (
        ({"use_ema": True}, "average"),
        ({"gradient_accumulation_steps": 2}, "gradient_accumulator"),
    ):
        made = keras.optimizers.Adam(0.1, **options)
        made.build([keras.Variable(np.zeros(2), name="x")])
        with refused(f"x_{word} has no place in another's state"):
            pk.convert_state(made.variables, frm="keras:Adam", to="optax:adam")
