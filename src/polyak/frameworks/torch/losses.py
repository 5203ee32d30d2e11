"""What the user's loss is: a criterion of the outputs, or a loss of the model on a batch; told by trying it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils import _pytree

from polyak.frameworks.bridge import Batch, Outputs
from polyak.frameworks.torch.untouched import generators_of, untouched
from polyak.ground.errors import PolyakError, a_or_an

Loss = Callable[[Any, Batch], Any]
"""loss(net, batch): the net is the user's, or what answers in its place."""


def as_loss(net: torch.nn.Module, given: object, batch: Batch) -> Loss:
    """loss(net, batch), of either kind.

    A module is a criterion. A function is called as loss(net, batch): where that calls the net, or has a tensor to
    return, it is a loss of this kind; else it is a criterion, loss(outputs, targets), of batches (inputs, targets).

    Raises PolyakError where it is neither.
    """
    if not callable(given):
        raise PolyakError(
            f"the loss is {a_or_an(type(given).__name__)}, expected a criterion loss(outputs, targets), or loss(net,"
            " batch)"
        )
    if isinstance(given, torch.nn.Module):
        _check_criterion(given)
        return _of_outputs(given, net)
    return given if _takes_the_net(net, given, batch) else _of_outputs(given, net)


def _check_criterion(criterion: torch.nn.Module) -> None:
    trained = [name for name, x in criterion.named_parameters() if x.requires_grad]
    if trained:
        raise PolyakError(
            f"the loss has parameters of its own, {', '.join(trained)}: expected them in the net, and loss(net, batch)"
        )
    if getattr(criterion, "reduction", "mean") == "sum":
        raise PolyakError(
            "the loss sums over the rows (reduction='sum'), so that its curvature is that of one batch size: expected"
            " their mean"
        )


def _takes_the_net(net: torch.nn.Module, given: Callable[..., Any], batch: Batch) -> bool:
    """Whether a function is one of the net and a batch."""
    called = False
    ours = {id(each) for each in net.modules()}

    def notice(module: torch.nn.Module, _inputs: object) -> None:
        nonlocal called
        called = called or id(module) in ours

    with untouched(net, own=generators_of(net)):
        hook = torch.nn.modules.module.register_module_forward_pre_hook(notice)
        try:
            returned = given(net, batch)
        except Exception:
            return called
        finally:
            hook.remove()
    return called or isinstance(returned, torch.Tensor)


def _of_outputs(criterion: Callable[..., Any], net: torch.nn.Module) -> Loss:
    """A criterion as a loss of the net and a batch, which is brought to the net's device."""
    device = next(net.parameters()).device

    def loss(net: Callable[..., Any], batch: Batch) -> Any:  # noqa: ANN401 - whatever the criterion returns
        if not isinstance(batch, tuple | list) or len(batch) != 2:
            came = f"{len(batch)} parts" if isinstance(batch, tuple | list) else a_or_an(type(batch).__name__)
            raise PolyakError(
                f"a batch is {came}, expected (inputs, targets) for a criterion; of any other batch give a loss(net,"
                " batch)"
            )
        inputs, targets = _pytree.tree_map(
            lambda x: x.to(device) if isinstance(x, torch.Tensor) else x, batch
        )
        if isinstance(inputs, dict):
            return criterion(net(**inputs), targets)
        return criterion(net(*inputs) if isinstance(inputs, tuple | list) else net(inputs), targets)

    return loss


class InPlace:
    """It answers in the net's place: with outputs that were given, call by call; else it is the net."""

    def __init__(self, net: torch.nn.Module, answers: Sequence[Outputs]) -> None:
        self._net, self._answers = net, iter(answers)

    def __call__(self, *_arguments: object, **_named: object) -> Outputs:
        """The next of the answers."""
        return next(self._answers)

    def __getattr__(self, name: str) -> object:
        return getattr(self._net, name)


@contextmanager
def listening(net: torch.nn.Module, heard: Callable[[Outputs], None]) -> Iterator[torch.nn.Module]:
    """The net; everything that it returns while this is open is heard."""
    hook = net.register_forward_hook(lambda _module, _inputs, outputs: heard(outputs))
    try:
        yield net
    finally:
        hook.remove()
