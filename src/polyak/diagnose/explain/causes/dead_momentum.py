r"""Dead momentum: the velocity does not follow its own recursion, v_t = gamma v_(t-1) + c g_t.

What the velocity shows of momentum (a least-squares fit at each reading) is held against the setting. An optimizer that
is made anew, or whose state is cleared, at every step shows 0: it is gradient descent, with (1 - gamma) of the gain.
"""

from __future__ import annotations

import numpy as np

from polyak.diagnose.explain.finding import Evidence, Finding, NotFound, Verdict, cause, not_recorded
from polyak.diagnose.explain.seen import Seen
from polyak.ground.numbers import readable

OFF = 0.05  # of the momentum's setting: a fit in single precision is within a thousandth
READINGS = 3
ONE = 0.9999  # a cosine at which the velocity is the gradient's own


@cause(
    "dead momentum",
    looks_at="the velocity against its own recursion, the step before",
    seen_in=("momentum_seen", "momentum"),
)
def dead(seen: Seen) -> Verdict:
    """Where the momentum that the velocity shows is not the setting, at reading after reading."""
    momentum = seen.momentum
    if not momentum > OFF:
        return NotFound("there is no momentum") if momentum <= OFF else not_recorded("the momentum")
    steps, shown = seen.read("momentum_seen", after=1)
    cosine_steps, cosines = seen.read("alignment", after=1)
    held = _held(seen, steps)
    if len(shown) >= READINGS:
        off = np.abs(shown - held) > OFF
        if not off[-READINGS:].all() or off.mean() < 0.5:
            return NotFound(
                f"the velocity shows momentum {readable(float(np.median(shown)), 3)}, as it is set"
            )
        evidence = [
            Evidence(
                int(steps[-1]),
                "momentum that the velocity shows",
                float(shown[-1]),
                f"{readable(momentum)} is set",
            )
        ]
        if len(cosines) and float(np.median(cosines)) > ONE:
            evidence.append(
                Evidence(
                    int(cosine_steps[-1]),
                    "cosine of velocity and gradient",
                    float(cosines[-1]),
                    "1: the velocity is the last gradient alone",
                )
            )
        return _found(momentum, float(np.median(shown)), tuple(evidence))
    if len(cosines) < READINGS:
        return not_recorded("the velocity at two steps on end")
    if float(np.median(cosines[-8:])) < ONE:
        return NotFound("the velocity is not the gradient alone")
    evidence = [
        Evidence(
            int(cosine_steps[-1]),
            "cosine of velocity and gradient",
            float(cosines[-1]),
            "below 1 where more than one gradient is held",
        )
    ]
    return _found(momentum, 0.0, tuple(evidence))


def _held(seen: Seen, steps: np.ndarray) -> np.ndarray:
    """The momentum that was set at each of these steps."""
    at = np.clip(np.searchsorted(seen.steps("step"), steps), 0, max(len(seen.steps("step")) - 1, 0))
    return seen.steps("momentum")[at]


def _found(momentum: float, shown: float, evidence: tuple[Evidence, ...]) -> Finding:
    lost = (1 - min(max(shown, 0.0), 0.999)) / (1 - momentum)
    return Finding(
        "dead momentum",
        0.85,
        f"The velocity does not follow its own recursion: it shows momentum {readable(shown, 2)} where "
        f"{readable(momentum)} "
        "is set.",
        evidence,
        "look for a line that makes the optimizer anew or clears or loads its state inside the loop; "
        "without it the steps "
        f"add up to {readable(lost, 2)} times as much: if the lr was tuned so, divide it by {readable(lost, 2)}.",
        "v_t = momentum v_(t-1) + c g_t holds for every convention, whatever c is.",
    )
