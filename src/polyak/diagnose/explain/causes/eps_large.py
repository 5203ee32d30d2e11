r"""eps is too large: sqrt(s) + eps is eps in nearly every entry, and Adam is a heavy ball with the lr divided by eps.

    lr m/(sqrt(s_hat) + eps)  ->  (lr/eps) m    where sqrt(s_hat) < eps

Source: Kingma, D. P. & Ba, J. (2015), algorithm 1.
"""

from __future__ import annotations

import math

import numpy as np

from polyak.diagnose.explain.finding import Evidence, Finding, NotFound, Verdict, cause, not_recorded
from polyak.diagnose.explain.seen import Seen
from polyak.ground.numbers import readable

MOST = 0.9  # of the entries below eps
USUAL = 1e-6  # an eps below which it only keeps a denominator from 0: at entries that have no gradient


@cause(
    "eps too large",
    looks_at="how many entries' squares are below eps",
    seen_in=("below_eps", "largest_update"),
)
def too_large(seen: Seen) -> Verdict:
    """Where eps divides nearly every entry's step, and the loss does not fall."""
    eps = seen.setting("eps")
    if math.isnan(eps):
        return NotFound("the rule has no eps")
    steps, below = seen.read("below_eps", after=1)
    if not len(below):
        return not_recorded("the squares beside eps")
    middle = float(np.median(below[-8:]))
    if middle < MOST or eps < USUAL:
        return NotFound(
            f"eps {readable(eps)} is over the root of the squares in {readable(100 * middle, 2)} % of the entries"
        )
    if not seen.failed and seen.falling:
        return NotFound("eps divides nearly every step, but the loss fell as it should")
    evidence = [Evidence(int(steps[-1]), "share of entries divided by eps alone", float(below[-1]), "near 0")]
    at, largest = seen.read("largest_update", after=1)
    if len(largest):
        evidence.append(
            Evidence(int(at[-1]), "largest update, in learning rates", float(largest[-1]), "about 1")
        )
    return Finding(
        "eps too large",
        0.75,
        f"eps {readable(eps)} is over the root of the squares in {readable(100 * middle, 3)} % of the "
        "entries: the rule is "
        "a heavy ball with the lr divided by eps.",
        tuple(evidence),
        f"lower eps from {readable(eps)} to 1e-8, {readable(eps / 1e-8, 1)} times lower.",
        "then the squares divide the step again, and each entry moves by about the lr.",
    )
