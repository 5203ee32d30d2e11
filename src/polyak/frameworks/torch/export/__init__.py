"""A rule as a torch.optim.Optimizer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from polyak.ground.extras import need
from polyak.rules import CoupledDecay, Optimizer, as_rule, find

if TYPE_CHECKING:
    import torch

    from polyak.frameworks.torch.export.optimizer import Export


def to_torch(
    rule: object,
    *,
    slots_dtype: torch.dtype | None = None,
    maximize: bool = False,
    capturable: bool = False,
    **settings: Any,
) -> Export:
    """A rule as a torch optimizer: what comes back is called with the parameters, as `torch.optim.SGD` is.

    Args:
        rule: one of ours with its settings, a wrapper around one, or a page's function from `from_page`, each of
            whose parameters it is then given alone. Or the name of one, with `settings`: then in torch's convention,
            with the learning rate outside the velocity unless `lr_in_velocity` says otherwise.
        slots_dtype: the dtype of the slots, such as torch.float32 beside parameters in bfloat16, in which the step is
            then computed too; the parameters' own by default.
        maximize: whether to go against the step, as torch's optimizers do where they are told to maximize.
        capturable: whether the slots' counters live on the parameters' device, for CUDA graphs.
        settings: of a rule by its name; as torch's SGD has them also `weight_decay`, added to the gradient times x
            where the rule has none of its own, and `nesterov` of a heavy ball.

    Returns a factory: `factory(params, **settings)`, a torch.optim.Optimizer, whose settings are the rule's but for
    those given. They stand in `param_groups` under the rule's names (`lr`, `momentum` ...): groups may have their own,
    and schedulers may change them. Slots begin at a parameter's first gradient. Gradients that are sparse, parameters
    that are complex, a schedule where a number is expected, and rules that do not run on torch tensors (Optax's) are
    refused, with a PolyakError.

    >>> import torch, polyak as pk
    >>> weight = torch.nn.Parameter(torch.tensor([4.0]))
    >>> optimizer = to_torch(pk.HeavyBall(lr=0.5, momentum=0.9))([weight])
    >>> (0.5 * weight**2).sum().backward()
    >>> optimizer.step()
    >>> weight.data, optimizer.param_groups[0]["momentum"], optimizer.state[weight]
    (tensor([2.]), 0.9, {'velocity': tensor([2.])})
    """
    need("torch", what="to_torch", extra="torch")
    from polyak.frameworks.torch.export.optimizer import Export

    if isinstance(rule, str) or settings:
        rule = _by_name(rule, settings)
    return Export(rule, slots_dtype=slots_dtype, maximize=maximize, capturable=capturable)


def _by_name(rule: object, settings: dict[str, Any]) -> Optimizer:
    """A rule by its name, as torch has it: the learning rate outside, the decay in the gradient."""
    if rule == "heavy_ball" and settings.pop("nesterov", False) is True:
        rule = "nesterov"
    kind = find(rule) if isinstance(rule, str) else None
    known = [] if kind is None else [*kind.hyperparameters(), *kind.choices()]
    if "lr_in_velocity" in known:
        settings = {"lr_in_velocity": False, **settings}
    if kind is None or "weight_decay" in known or "weight_decay" not in settings:
        return as_rule(rule, to_torch, **settings)
    decay = settings.pop("weight_decay")
    return CoupledDecay(as_rule(rule, to_torch, **settings), decay)


__all__ = ["to_torch"]
