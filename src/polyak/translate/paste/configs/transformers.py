"""Hugging Face's TrainingArguments, as read in transformers 5.24.0: a call, a dict, or the JSON of one."""

from __future__ import annotations

from typing import Any

from polyak.ground.errors import PolyakError, unknown
from polyak.translate.paste.configs.kinds import Config, kind
from polyak.translate.paste.parts import Parts, Taken
from polyak.translate.paste.values import Call

TELLING = (
    *("adam_beta1", "adam_beta2", "adam_epsilon", "lr_scheduler_type", "warmup_ratio", "warmup_steps"),
    *("per_device_train_batch_size", "num_train_epochs", "max_steps", "max_grad_norm"),
)
ADAMW = {  # what `optim` may be, where that is AdamW as torch has it
    *("adamw_torch", "adamw_torch_fused", "adamw_torch_xla", "adamw_apex_fused"),
}
OTHERS = {"sgd": "SGD", "adagrad": "Adagrad", "rmsprop": "RMSprop"}


def is_one(config: Config) -> bool:
    """Whether a mapping has words that are TrainingArguments' own."""
    return any(name in config for name in TELLING)


@kind("Hugging Face's TrainingArguments", is_one, called=("TrainingArguments", "Seq2SeqTrainingArguments"))
def training_arguments(config: Config) -> Parts:
    """AdamW with its defaults there: lr 5e-5, no weight decay, gradients clipped to a norm of 1, a linear schedule."""
    taken = Taken(config, "TrainingArguments")
    optim = str(taken.value("optim", "adamw_torch")).rpartition(".")[2].lower()
    rate = taken.number("learning_rate", 5e-5)
    decay = taken.number("weight_decay", 0.0)
    if optim in ADAMW:
        given: dict[str, Any] = {
            "lr": rate,
            "betas": (taken.number("adam_beta1", 0.9), taken.number("adam_beta2", 0.999)),
            "eps": taken.number("adam_epsilon", 1e-8),
            "weight_decay": decay,
        }
        call = Call("torch.optim.AdamW", (), given, "TrainingArguments(...)")
    elif optim in OTHERS:
        call = Call(
            f"torch.optim.{OTHERS[optim]}", (), {"lr": rate, "weight_decay": decay}, "TrainingArguments(...)"
        )
    else:
        raise unknown("optim of TrainingArguments that is read", optim, [*sorted(ADAMW), *OTHERS])
    clip = taken.number("max_grad_norm", 1.0)
    clips = (
        (Call("torch.nn.utils.clip_grad_norm_", (), {"max_norm": clip}, f"max_grad_norm={clip}"),)
        if clip
        else ()
    )
    steps = taken.number("max_steps", -1)
    said = ["read as Hugging Face's Trainer has it"]
    if decay:
        said.append(
            "its Trainer does not decay biases and norms: those parameters are a group without weight decay"
        )
    accumulated = taken.number("gradient_accumulation_steps", 1)
    wrappers: tuple[Call, ...] = ()
    if accumulated and accumulated > 1:
        wrappers = (
            Call("accumulate", (int(accumulated),), {}, f"gradient_accumulation_steps={accumulated}"),
        )
    return Parts(
        call,
        _scheduler(taken, steps),
        clips,
        wrappers,
        tuple(said),
        steps=int(steps) if steps and steps > 0 else None,
    )


def _scheduler(taken: Taken, steps: float | None) -> Call | None:
    """The schedule as get_scheduler makes it; None where the learning rate is constant."""
    name = str(taken.value("lr_scheduler_type", "linear")).rpartition(".")[2].lower()
    if name == "constant":
        return None
    warmup, ratio = taken.number("warmup_steps", 0) or 0, taken.number("warmup_ratio", 0.0) or 0.0
    if 0 < warmup < 1:  # of late a share of the whole may stand here too
        warmup, ratio = 0, warmup
    more = taken.value("lr_scheduler_kwargs") or {}
    if not isinstance(more, dict):
        raise PolyakError(f"lr_scheduler_kwargs is {more!r}, expected a dict")
    given: dict[str, Any] = {"num_warmup_steps": warmup, "scheduler_specific_kwargs": more}
    if ratio and not warmup:
        given["warmup_ratio"] = ratio
    if steps and steps > 0:
        given["num_training_steps"] = int(steps)
    return Call("transformers.get_scheduler", (name,), given, f"lr_scheduler_type={name!r}")
