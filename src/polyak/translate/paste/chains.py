"""Optax's chains and wrappers taken apart: the optimizer's call, what stands before it, what it means in all.

chain(clip ..., add_decayed_weights, trace, scale_by_learning_rate)    decay in the gradient, as PyTorch's SGD
chain(clip ..., trace, add_decayed_weights, scale_by_learning_rate)    decay beside the step
chain(clip ..., scale_by_learning_rate, trace)                         the learning rate inside the velocity
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from polyak.ground.errors import PolyakError
from polyak.translate.paste.parts import Parts
from polyak.translate.paste.values import Call, Unread, must_be_run

CHAINS = ("optax.chain", "optax.named_chain")
GROUPS = ("multi_transform", "partition")  # of optimizers, by a label for each array
CORES = {  # a link, the optimizer that it makes with a learning rate, and what its own arguments are called there
    "trace": ("optax.sgd", {"decay": "momentum", "nesterov": "nesterov"}),
    "scale_by_adam": ("optax.adam", {}),
    "scale_by_rms": ("optax.rmsprop", {}),
    "scale_by_lion": ("optax.lion", {}),
}
DECAY, WEIGHTS = "add_decayed_weights", "weight_decay"
RATES = ("scale_by_learning_rate", "scale_by_schedule", "scale")


def is_chain(call: Call) -> bool:
    """Whether a call is a chain of Optax's, or sums gradients around one."""
    return call.name in CHAINS or call.last == "MultiSteps" or call.last in GROUPS


def parts_of_chain(call: Call) -> Parts:
    """A chain, or what wraps one, as the parts that it is made of.

    >>> found = parts_of_chain(Call("optax.chain", (Call("optax.clip", (1.0,)), Call("optax.sgd", (0.1,)))))
    >>> found.optimizer.name, [each.name for each in found.clips]
    ('optax.sgd', ['optax.clip'])
    """
    if call.last == "MultiSteps":
        return _accumulated(call)
    links = [call] if call.last in GROUPS else list(_links(call))
    clips, rest = list[Call](), links
    while rest and rest[0].last.startswith("clip"):
        clips.append(rest[0])
        rest = rest[1:]
    late = next((link for link in rest if link.last.startswith("clip")), None)
    if late is not None:
        raise PolyakError(
            f"{late!r} stands after other links: clipping is read where it is the first of a chain"
        )
    return dataclasses.replace(_composed(rest), clips=tuple(clips))


def _accumulated(call: Call) -> Parts:
    """What MultiSteps wraps, with how many gradients make a step."""
    given = dict(zip(("opt", "every_k_schedule"), call.positional, strict=False)) | dict(call.named)
    inside, every = given.pop("opt", None), given.pop("every_k_schedule", None)
    if not isinstance(inside, Call) or given.pop("use_grad_mean", True) is not True or given:
        raise PolyakError(f"{call!r} is not read, expected optax.MultiSteps(optimizer, every_k_schedule=4)")
    if not isinstance(every, int):
        raise PolyakError(f"MultiSteps: every_k_schedule is {every!r}, expected a whole number")
    found = parts_of_chain(inside) if is_chain(inside) else Parts(inside)
    return dataclasses.replace(found, wrappers=(Call("accumulate", (every,)), *found.wrappers))


def _links(call: Call) -> Iterator[Call]:
    """The links of a chain, those of chains inside it in their place."""
    for link in call.positional:
        each = link[1] if call.last == "named_chain" and isinstance(link, tuple) and len(link) == 2 else link
        if isinstance(each, Unread) or not isinstance(each, Call):
            raise PolyakError(f"{each!r} in a chain is no call, expected such as optax.clip(1.0)")
        if each.name in CHAINS:
            yield from _links(each)
        else:
            yield each


def _composed(links: list[Call]) -> Parts:
    """Links without clipping as one optimizer, with the decay that stands before or behind it."""
    rates, decays, cores = _sorted_out(links)
    _refuse_more(links, rates, decays, cores)
    if not rates:
        return _with_decay(links, cores, decays)
    core, rate = cores[0] if cores else Call("optax.trace", (), {"decay": 0.0}), rates[0]
    if core.last not in CORES:
        raise PolyakError(f"{core!r} with {rate!r} is not read, expected one of {', '.join(CORES)}")
    inside = bool(cores) and links.index(rate) < links.index(core)
    if inside and core.last != "trace":
        raise PolyakError(f"{core!r} after the learning rate is no optimizer of a framework known here")
    name, named = CORES[core.last]
    call = Call(name, (), _arguments(core, named) | {"learning_rate": _rate(rate)}, _shown(links))
    decay = _decay(links, decays, core if cores else rate, rate)
    return Parts(call, decay=decay, inside=inside, links=tuple(links))


def _sorted_out(links: list[Call]) -> tuple[list[Call], list[Call], list[Call]]:
    """The learning rates among the links, the decays, and the rest."""
    rates = [link for link in links if link.last in RATES]
    decays = [link for link in links if link.last == DECAY]
    return rates, decays, [link for link in links if link not in rates and link not in decays]


def _refuse_more(links: list[Call], rates: list[Call], decays: list[Call], cores: list[Call]) -> None:
    """Refuse a chain of more than one optimizer, one learning rate and one decay of all parameters."""
    if max(len(rates), len(decays), len(cores)) > 1 or any(map(_masked, decays)):
        raise PolyakError(
            f"a chain of {', '.join(link.last for link in links)} is not read: expected one optimizer with one learning"
            " rate, and at most one add_decayed_weights without a mask"
        )


def _shown(links: list[Call]) -> str:
    return f"optax.chain({', '.join(map(repr, links))})"


def _with_decay(links: list[Call], cores: list[Call], decays: list[Call]) -> Parts:
    """A whole optimizer of Optax's with a decay before it; behind it, it is no decay that others have."""
    if len(cores) != 1:
        raise PolyakError(
            f"a chain of {', '.join(link.last for link in links) or 'nothing'} holds no optimizer"
        )
    core = cores[0]
    if core.last in CORES:
        raise PolyakError(
            "the chain has no learning rate: expected such as optax.scale_by_learning_rate(0.1) in it"
        )
    if not decays:
        return Parts(core)
    if links.index(decays[0]) > links.index(core):
        raise PolyakError(
            f"{decays[0]!r} behind {core.last} is added to the step as it is: expected it before the optimizer, or"
            " before scale_by_learning_rate"
        )
    return Parts(core, decay=("coupled", _strength(decays[0])), links=tuple(links))


def _decay(links: list[Call], decays: list[Call], core: Call, rate: Call) -> tuple[str, float] | None:
    """Where a decay stands in a chain of links, and its strength."""
    if not decays:
        return None
    at = links.index(decays[0])
    if at > links.index(rate):
        raise PolyakError(f"{decays[0]!r} behind the learning rate is not scaled by it: expected it before")
    kind = "coupled" if at < links.index(core) or core is rate else "decoupled"
    return kind, _strength(decays[0])


def _masked(call: Call) -> bool:
    return len(call.positional) > 1 or "mask" in call.named


def _strength(call: Call) -> float:
    value = call.named.get(WEIGHTS, call.positional[0] if call.positional else 0.0)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PolyakError(f"{DECAY}: {WEIGHTS} is {value!r}, expected a number")
    return float(value)


def _rate(call: Call) -> Any:  # noqa: ANN401
    """The learning rate of a link; `scale` has it with its sign."""
    value = next(iter((*call.positional, *call.named.values())), None)
    if call.last == "scale_by_learning_rate":
        return value
    if call.last == "scale" and isinstance(value, int | float) and value < 0:
        return -value
    raise PolyakError(f"{call!r} is not read as a learning rate, expected optax.scale_by_learning_rate(...)")


def _arguments(core: Call, named: dict[str, str]) -> dict[str, Any]:
    """A link's arguments under the names of the optimizer's function."""
    order = {"trace": ("decay", "nesterov"), "scale_by_adam": ("b1", "b2", "eps", "eps_root")}
    given = dict(zip(order.get(core.last, ()), core.positional, strict=False)) | dict(core.named)
    return {named.get(name, name): value for name, value in given.items()}


def own_chain(links: tuple[Call, ...], rate: str) -> str:
    """The links as code again, from the values that were read, the learning rate as code.

    >>> own_chain((Call("optax.trace", (), {"decay": 0.9}), Call("optax.scale_by_learning_rate", (0.1,))), "0.1")
    'optax.chain(optax.trace(decay=0.9), optax.scale_by_learning_rate(0.1))'
    """
    return f"optax.chain({', '.join(_own(link, rate) for link in links)})"


def _own(link: Call, rate: str) -> str:
    if link.last in RATES:
        return f"optax.scale_by_learning_rate({rate})"
    if link.last in CORES or link.last == DECAY:
        return f"optax.{link.last}({_values(link.positional, link.named)})"
    named = {name: value for name, value in link.named.items() if name != "learning_rate"}
    first = (rate, *map(_value, link.positional[1:])) if link.positional else (f"learning_rate={rate}",)
    return f"optax.{link.last}({', '.join([*first, *filter(None, [_values((), named)])])})"


def _values(positional: tuple[Any, ...], named: Mapping[str, Any]) -> str:
    return ", ".join(
        [*map(_value, positional), *(f"{name}={_value(value)}" for name, value in named.items())]
    )


def _value(value: object) -> str:
    if value is not None and not isinstance(value, bool | int | float):
        raise must_be_run(repr(value), "optax.chain")
    return repr(value)
