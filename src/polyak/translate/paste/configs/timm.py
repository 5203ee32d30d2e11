"""timm's training arguments (`opt`, `opt_eps`, `sched`, `warmup_epochs` ...), as read in timm 1.0.31."""

from __future__ import annotations

from typing import Any

from polyak.ground.errors import PolyakError
from polyak.translate.paste.configs.kinds import Config, kind
from polyak.translate.paste.parts import Parts, Taken
from polyak.translate.paste.values import Call

CLIPS = {"norm": ("clip_grad_norm_", "max_norm"), "value": ("clip_grad_value_", "clip_value")}


def is_one(config: Config) -> bool:
    """Whether a mapping names its optimizer under `opt`."""
    return isinstance(config.get("opt"), str)


@kind("timm's arguments (opt, opt_eps, sched ...)", is_one, called=("create_optimizer_v2",))
def arguments(config: Config) -> Parts:
    """timm's optimizer with its momentum of 0.9; its schedule counts epochs."""
    taken = Taken(config, "timm's arguments")
    name = str(taken.value("opt"))
    given: dict[str, Any] = {}
    own = {"lr": "lr", "weight_decay": "weight_decay", "momentum": "momentum", "opt_eps": "eps", "eps": "eps"}
    for key, called in own.items():
        value = taken.number(key)
        if value is not None:
            given[called] = value
    betas = taken.value("opt_betas", taken.value("betas"))
    if betas is not None:
        given["betas"] = tuple(betas) if isinstance(betas, list | tuple) else betas
    more = taken.value("opt_args") or {}
    if not isinstance(more, dict):
        raise PolyakError(f"timm's arguments: opt_args is {more!r}, expected a dict")
    clip, mode = taken.number("clip_grad"), taken.value("clip_mode", "norm")
    clips: tuple[Call, ...] = ()
    if clip:
        if mode not in ("norm", "value"):
            raise PolyakError(f"timm's arguments: clip_mode is {mode!r}, expected 'norm' or 'value'")
        called, argument = CLIPS[str(mode)]
        clips = (Call(f"torch.nn.utils.{called}", (), {argument: clip}, f"clip_grad={clip}"),)
    schedule = _schedule(taken)
    said = ["read as timm's"]
    if given.get("weight_decay"):
        said.append(
            "timm does not decay parameters of one axis (filter_bias_and_bn): those are a group without weight decay"
        )
    return Parts(
        Call(f"timm:{name}", (), {**given, **more}, f"opt={name}"),
        schedule,
        clips,
        said=tuple(said),
        epochs=True,
    )


def _schedule(taken: Taken) -> Call | None:
    names = ("sched", "epochs", "warmup_epochs", "warmup_lr", "min_lr", "decay_rate", "decay_epochs")
    given = {name: value for name in names if (value := taken.value(name)) is not None}
    return Call("timm.scheduler", (), given, f"sched={given['sched']!r}") if "sched" in given else None
