"""Detectron2's SOLVER, as read in detectron2 0.6: SGD with a warm-up and steps, unless it says another."""

from __future__ import annotations

from typing import Any

from polyak.ground.errors import PolyakError, unknown
from polyak.translate.paste.configs.kinds import Config, kind
from polyak.translate.paste.parts import Parts, Taken
from polyak.translate.paste.values import Call

FACTOR, WARMUP = 1e-3, 1000  # of the warm-up, where nothing is said


def _solver(config: Config) -> Config:
    inside = config.get("SOLVER", config)
    return inside if isinstance(inside, dict) else {}


def is_one(config: Config) -> bool:
    """Whether a mapping has a SOLVER, or is one."""
    return "BASE_LR" in _solver(config)


@kind("Detectron2's SOLVER", is_one)
def solver(config: Config) -> Parts:
    """torch's SGD, clipping where it is enabled, and WarmupMultiStepLR or WarmupCosineLR in iterations."""
    taken = Taken(_solver(config), "SOLVER")
    if str(taken.value("OPTIMIZER", "SGD")).upper() != "SGD":
        raise unknown("SOLVER.OPTIMIZER that is read", str(taken.value("OPTIMIZER")), ["SGD"])
    base, decay = taken.number("BASE_LR"), taken.number("WEIGHT_DECAY", 1e-4)
    given: dict[str, Any] = {
        "lr": base,
        "momentum": taken.number("MOMENTUM", 0.9),
        "weight_decay": decay,
        "nesterov": bool(taken.value("NESTEROV", False)),
    }
    said = ["read as Detectron2's"]
    if taken.number("WEIGHT_DECAY_NORM", 0.0) != decay:
        said.append(
            "its norm layers are a group with a weight decay of their own (WEIGHT_DECAY_NORM, 0 by default)"
        )
    schedule = {
        "name": taken.value("LR_SCHEDULER_NAME", "WarmupMultiStepLR"),
        "steps": tuple(taken.value("STEPS", (30000,))),
        "gamma": taken.number("GAMMA", 0.1),
        "max_iter": taken.number("MAX_ITER", 40000),
        "warmup_factor": taken.number("WARMUP_FACTOR", FACTOR),
        "warmup_iters": taken.number("WARMUP_ITERS", WARMUP),
        "warmup_method": taken.value("WARMUP_METHOD", "linear"),
    }
    return Parts(
        Call("torch.optim.SGD", (), given, "SOLVER"),
        Call("detectron2.solver", (), schedule, f"{schedule['name']}"),
        _clips(taken),
        said=tuple(said),
    )


def _clips(taken: Taken) -> tuple[Call, ...]:
    clipping = taken.value("CLIP_GRADIENTS")
    if not isinstance(clipping, dict) or not clipping.get("ENABLED"):
        return ()
    amount, how = clipping.get("CLIP_VALUE", 1.0), clipping.get("CLIP_TYPE", "value")
    if how == "value":
        return (Call("torch.nn.utils.clip_grad_value_", (), {"clip_value": amount}, "CLIP_GRADIENTS"),)
    if how == "full_model":
        return (Call("torch.nn.utils.clip_grad_norm_", (), {"max_norm": amount}, "CLIP_GRADIENTS"),)
    if how == "norm":
        return (Call("clip each by norm", (), {"max_norm": amount}, "CLIP_GRADIENTS"),)
    raise PolyakError(f"SOLVER.CLIP_GRADIENTS.CLIP_TYPE is {how!r}, expected 'value', 'norm' or 'full_model'")
