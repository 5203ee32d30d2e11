"""Which of a module's parameters are trained; and modules of which nothing is said."""

from __future__ import annotations

import torch

from polyak.ground.errors import PolyakError

SHARDED = ("FullyShardedDataParallel", "FSDPModule", "DTensor")


def inner_of(net: torch.nn.Module) -> torch.nn.Module:
    """Without what distributes it: its own rows are asked for, on this process."""
    return net.module if isinstance(net, torch.nn.parallel.DistributedDataParallel) else net


def unwrapped(net: torch.nn.Module) -> torch.nn.Module:
    """What was compiled or is run in parallel, for its name."""
    while True:
        inner = getattr(net, "_orig_mod", None)
        if inner is None and isinstance(net, torch.nn.DataParallel):
            inner = net.module
        if inner is None:
            return net
        net = inner


def trained_of(net: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    """The parameters that are trained, a tied one once."""
    _check_whole(net)
    found = {name: x for name, x in net.named_parameters() if x.requires_grad}
    if not found:
        raise PolyakError(f"{type(net).__name__} has no trained parameter, expected some with requires_grad")
    strange = next((name for name, x in found.items() if not x.is_floating_point()), None)
    if strange is not None:
        raise PolyakError(f"{strange} is of complex numbers, expected real ones")
    return found


def _check_whole(net: torch.nn.Module) -> None:
    """Refuse a module that is not all here, or not as it was written."""
    for name, x in net.named_parameters():
        if isinstance(x, torch.nn.UninitializedParameter):
            raise PolyakError(f"{name} has no shape yet: run the net on one batch first")
    kinds = {type(x).__name__ for x in net.parameters()} | {type(each).__name__ for each in net.modules()}
    scripted = any(isinstance(each, torch.jit.ScriptModule) for each in net.modules())
    if scripted or kinds & {*SHARDED}:
        how = "scripted" if scripted else "sharded over processes"
        raise PolyakError(f"{type(net).__name__} is {how}, expected the module as it was written, whole")
