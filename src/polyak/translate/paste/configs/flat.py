"""A flat config whose optimizer is a word: `optimizer: adamw`, `lr: 3e-4`, `weight_decay: 0.1`."""

from __future__ import annotations

from typing import Any

from polyak.translate.paste.configs.kinds import OPTIMIZER_KEYS, Config, kind
from polyak.translate.paste.configs.named import CLIPS, clip_of
from polyak.translate.paste.parts import Parts
from polyak.translate.paste.values import Call

ARGUMENTS = (
    *(
        "lr",
        "learning_rate",
        "momentum",
        "weight_decay",
        "wd",
        "nesterov",
        "dampening",
        "betas",
        "eps",
        "epsilon",
    ),
    *("alpha", "rho", "centered", "beta_1", "beta_2", "b1", "b2", "beta1", "beta2", "amsgrad", "clipnorm"),
    *("clipvalue", "global_clipnorm", "eps_root", "decay", "initial_accumulator_value"),
)


def is_one(config: Config) -> bool:
    """Whether a mapping names its optimizer by a word."""
    return any(isinstance(config.get(key), str) for key in OPTIMIZER_KEYS)


@kind("a flat config (optimizer, lr, ...)", is_one, order=4)
def flat(config: Config) -> Parts:
    """The optimizer with those keys that are arguments of optimizers; the schedule beside it is refused by its key."""
    key = next(key for key in OPTIMIZER_KEYS if isinstance(config.get(key), str))
    given: dict[str, Any] = {name: config[name] for name in ARGUMENTS if name in config}
    clips = [clip for name in CLIPS if config.get(name) and (clip := clip_of(config[name]))]
    said = [
        f"{name}={value!r} is no optimizer's and was not read"
        for name, value in config.items()
        if name not in {*given, *CLIPS, key}
    ]
    return Parts(Call(config[key], (), given, f"{key}={config[key]}"), clips=tuple(clips), said=tuple(said))
