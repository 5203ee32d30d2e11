"""The words beside the phase plane: regime and rate on each curvature, and how large the learning rate may be."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from polyak.ground.numbers import readable
from polyak.lab.computing.planes import Prediction
from polyak.lab.words import Words
from polyak.theory import Stability
from polyak.theory.words import GROWS, rate_in_words

SIGNS = ("●", "■", "◆", "▲")


def sentences(prediction: Prediction, words: Words) -> list[str]:
    """What is predicted and what that is true of; or, where nothing is, why."""
    if prediction.stability is None:
        return [words.complaint(prediction.why_not)]
    scope = words.say("phase", "near_the_minimiser" if prediction.changes else "on_quadratics")
    return [*_rates(prediction.stability, words), *_stable_lrs(prediction.stability, words), scope]


def _rates(stability: Stability, words: Words) -> Iterator[str]:
    rows = zip(stability.curvatures, stability.regimes, stability.log_rates, stability.peaks, strict=True)
    for k, (curvature, regime, log_rate, peak) in enumerate(rows):
        line = words.say(
            "phase",
            "on_curvature",
            sign=SIGNS[k % 4],
            curvature=readable(curvature),
            regime=words.translated("regimes", regime, regime),
            rate=rate_in_words(log_rate),
        )
        grows = GROWS <= peak < np.inf
        yield line + (words.say("phase", "grows_first", peak=readable(peak, 3)) if grows else "")


def _stable_lrs(stability: Stability, words: Words) -> Iterator[str]:
    if not (stability.lr and stability.stable_lrs):
        return
    lr = words.label(stability.lr)
    if len(stability.stable_lrs) > 1 or not stability.max_lr:
        ends = ", ".join(f"{readable(low, 6)}-{readable(high, 6)}" for low, high in stability.stable_lrs)
        yield words.say("phase", "stable_between", lr=lr, ends=ends)
    elif np.isfinite(stability.max_lr):
        yield words.say("phase", "stable_up_to", lr=lr, most=readable(stability.max_lr, 6))
