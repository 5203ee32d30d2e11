"""Configs that name the class and its arguments: Hydra, Lightning, MMEngine, DeepSpeed, Keras; alone or under a key."""

from __future__ import annotations

import dataclasses
from typing import Any

from polyak.ground.errors import PolyakError
from polyak.translate.paste.configs.kinds import OPTIMIZER_KEYS, Config, kind, parts_of
from polyak.translate.paste.parts import Parts
from polyak.translate.paste.values import Call

NAMES = ("_target_", "class_path", "class_name", "type", "name")  # where the class is named
NESTED = ("params", "init_args", "config", "kwargs")  # where its arguments are, if not beside it
CLIPS = (
    "clip_grad",
    "gradient_clipping",
    "grad_clip",
    "gradient_clip_val",
    "max_grad_norm",
    "clip_grad_norm",
)
SCHEDULERS = ("scheduler", "lr_scheduler", "param_scheduler", "lr_config")
ADAM_W_MODE = "adam_w_mode"  # DeepSpeed's


def _is_named(config: Config) -> bool:
    return any(isinstance(config.get(name), str) for name in NAMES) and not any(
        isinstance(config.get(key), dict) for key in OPTIMIZER_KEYS
    )


def call_of(config: Config) -> Call:
    """A config that names a class as the call that it stands for.

    >>> call = call_of({"class_path": "torch.optim.Adam", "init_args": {"lr": 0.1}})
    >>> call.name, dict(call.named)
    ('torch.optim.Adam', {'lr': 0.1})
    """
    where = next(name for name in NAMES if isinstance(config.get(name), str))
    rest: dict[str, Any] = {key: value for key, value in config.items() if key not in (where, "_partial_")}
    nested = next((key for key in NESTED if isinstance(rest.get(key), dict)), None)
    if nested is not None:
        rest = dict(rest[nested])
    for key, value in rest.items():
        if value == "auto":
            raise PolyakError(f"{config[where]}: {key} is 'auto', which only a run tells: expected its value")
    return Call(config[where], (), rest, f"{config[where]}(...)")


@kind("a class with its arguments (_target_, class_path, type)", _is_named, order=3)
def named(config: Config) -> Parts:
    """A class with its arguments, alone."""
    call = call_of(config)
    keras = "class_name" in config and "." not in call.name
    if keras:
        module, own = config.get("module") or "keras.optimizers", dict(call.named)
        own.pop("name", None)
        return Parts(dataclasses.replace(call, name=f"{module}.{call.name}", named=own))
    if (
        "type" in config and "." not in call.name and ":" not in call.name
    ):  # MMEngine's and DeepSpeed's are torch's
        call = dataclasses.replace(call, name=f"torch.optim.{call.name}")
    if isinstance(config.get("params"), dict) and call.last.lower() in ("adam", "adamw"):
        return _of_deepspeed(call)
    return Parts(call)


def _of_deepspeed(call: Call) -> Parts:
    """DeepSpeed's Adam decays beside the step unless it is told not to, and its decay is 0 unless it is given."""
    given = dict(call.named)
    decoupled = given.pop(ADAM_W_MODE, True)
    given.pop("torch_adam", None)
    given.setdefault("weight_decay", 0.0)
    if given.pop("bias_correction", True) is not True:
        raise PolyakError("DeepSpeed's Adam: bias_correction is False, which no other framework has")
    own = "AdamW" if decoupled or call.last.lower() == "adamw" else "Adam"
    said = (
        ("read as DeepSpeed's Adam, which is AdamW unless adam_w_mode is false",)
        if call.last.lower() == "adam" and own == "AdamW"
        else ("read as DeepSpeed's",)
    )
    return Parts(Call(f"torch.optim.{own}", (), given, call.text), said=said)


def _is_nested(config: Config) -> bool:
    return any(isinstance(config.get(key), dict) for key in OPTIMIZER_KEYS)


@kind("an optimizer under a key of its own", _is_nested, order=2)
def nested(config: Config) -> Parts:
    """An optimizer under `optimizer`, with the clipping and the schedule that stand beside it."""
    key = next(key for key in OPTIMIZER_KEYS if isinstance(config.get(key), dict))
    inside = dict(config[key])
    beside = {name: value for name, value in config.items() if name != key}
    clips = [value for name in CLIPS if (value := inside.pop(name, beside.get(name)))]
    found = parts_of(_unwrapped(inside, key))
    scheduler = _schedule_beside(beside) or found.scheduler
    return dataclasses.replace(
        found, scheduler=scheduler, clips=(*found.clips, *(clip for each in clips if (clip := clip_of(each))))
    )


def _unwrapped(inside: Config, key: str) -> Config:
    """The optimizer within MMEngine's wrapper; what is no wrapper as it is."""
    wrapper = inside.get("type") in ("OptimWrapper", "AmpOptimWrapper") or key == "optim_wrapper"
    if wrapper and isinstance(inside.get("optimizer"), dict):
        return dict(inside["optimizer"])
    return inside


def _schedule_beside(beside: Config) -> Call | None:
    """The schedule that stands beside the optimizer's key; None where none does."""
    schedule = next((value for name in SCHEDULERS if (value := beside.get(name))), None)
    if schedule is None:
        return None
    if not isinstance(schedule, dict) or not _is_named(schedule):
        raise PolyakError(f"the schedule is {schedule!r}, expected one with its name: _target_, type or name")
    return call_of(schedule)


def clip_of(value: object) -> Call | None:
    """`1.0`, or MMEngine's dict(max_norm=1.0), as torch's clipping by the norm of all gradients."""
    if isinstance(value, dict):
        named = {key: each for key, each in value.items() if each is not None}
        if "max_norm" in named and named.get("norm_type", 2) == 2:
            return Call("torch.nn.utils.clip_grad_norm_", (), {"max_norm": named["max_norm"]}, f"{value!r}")
        raise PolyakError(f"clip_grad is {value!r}, expected max_norm=... with norm_type=2")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PolyakError(f"the clipping is {value!r}, expected a number")
    return (
        Call("torch.nn.utils.clip_grad_norm_", (), {"max_norm": value}, f"clip {value}")
        if value > 0
        else None
    )
