r"""Updates that round away: in bfloat16 a parameter x moves by 2^-8 of itself or not at all.

    x - u = x    where abs(u) < 2^-9 abs(x), so that small steps are lost however many there are

Source: the format: 8 significant bits; float16 has 11, float32 24.
"""

from __future__ import annotations

import numpy as np

from polyak.diagnose.explain.finding import Evidence, Finding, NotFound, Verdict, cause, not_recorded
from polyak.diagnose.explain.seen import Seen
from polyak.ground.numbers import readable

MOST = 0.5  # of the entries that have a gradient
READINGS = 3


@cause(
    "updates rounded away",
    looks_at="how many entries with a gradient did not move",
    seen_in=("rounded_away", "update_norm"),
)
def rounded(seen: Seen) -> Verdict:
    """Where most of the entries that have a gradient stay as they are."""
    steps, shares = seen.read("rounded_away", after=1)
    if len(shares) < READINGS:
        return not_recorded("how many entries moved")
    middle = float(np.median(shares[-8:]))
    if middle < MOST:
        return NotFound(f"{readable(100 * (1 - middle), 3)} % of the entries with a gradient move")
    dtypes = " and ".join(sorted(set(seen.watched.facts.dtypes)))
    narrow = any("16" in each for each in seen.watched.facts.dtypes)
    if not narrow:
        return NotFound(
            f"{readable(100 * middle, 3)} % of the entries stay, but in {dtypes} that is no rounding"
        )
    if not seen.failed and seen.falling:
        return NotFound("most updates round away, but the loss fell as it should")
    lr = seen.at("lr")
    return Finding(
        "updates rounded away",
        0.8,
        f"In {dtypes} {readable(100 * middle, 3)} % of the entries that have a gradient did not move: "
        "their updates are "
        "below what a parameter can change by.",
        (
            Evidence(
                int(steps[-1]), "share of entries that did not move", float(shares[-1]), "near 0 in float32"
            ),
        ),
        "keep a master copy of the parameters in float32 and take the step there (or round "
        "stochastically); the lr would "
        f"have to be about {readable(2**8 * lr, 1)} to show at all.",
        "bfloat16 has 8 significant bits: an update under 1/512 of its parameter is lost whole, at every step anew.",
    )
