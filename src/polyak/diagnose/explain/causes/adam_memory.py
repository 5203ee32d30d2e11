r"""beta2 is too small: the squares forget before the mean does, and what divides the step is not what it holds.

    abs(step)/lr <= (1 - beta1)/sqrt(1 - beta2) * 1/(1 - beta1/sqrt(beta2))   where beta1 < sqrt(beta2), else no bound

After one large gradient the mean falls by beta1 a step and the root of the squares by sqrt(beta2): with beta1 over
sqrt(beta2) the steps grow. Adam is known to converge with beta1 < sqrt(beta2) < 1 only.

Source: Zhang, Y. et al. (2022), "Adam can converge without any modification on update rules"; Reddi et al. (2018).
"""

from __future__ import annotations

import math

from polyak.diagnose.explain.finding import Evidence, Finding, NotFound, Verdict, cause, not_recorded
from polyak.diagnose.explain.seen import Seen
from polyak.ground.numbers import readable

NORMAL = 1.5  # learning rates: with beta2 of use the largest entry's update stays near one


@cause(
    "beta2 too small",
    looks_at="beta1 and beta2, and the largest update in learning rates",
    seen_in=("largest_update", "update_norm"),
)
def too_small(seen: Seen) -> Verdict:
    """Where beta1 is over sqrt(beta2)."""
    beta2 = seen.setting("beta2")
    if math.isnan(beta2):
        return NotFound("the rule has no beta2")
    beta1 = seen.momentum
    if math.isnan(beta1):
        return not_recorded("beta1")
    if beta1 <= math.sqrt(beta2):
        return NotFound(f"beta1 {readable(beta1)} is below sqrt(beta2) = {readable(math.sqrt(beta2))}")
    if not seen.failed and seen.falling:
        return NotFound(f"beta1 {readable(beta1)} is over sqrt(beta2), but the loss fell and did not rise")
    evidence = [
        Evidence(
            0, "beta2", beta2, f"over beta1 squared, {readable(beta1**2)}, is where Adam's steps are bounded"
        )
    ]
    steps, largest = seen.read("largest_update", after=1, since=seen.step - seen.reach)
    if len(largest):
        k = int(largest.argmax())
        evidence.append(
            Evidence(int(steps[k]), "largest update, in learning rates", float(largest[k]), "about 1")
        )
    wanted = max(0.99, 1 - (1 - beta1) / 10)
    return Finding(
        "beta2 too small",
        0.8 if len(largest) and largest.max() > NORMAL else 0.7,
        f"beta2 {readable(beta2)} is so small that the squares forget in {readable(1 / (1 - beta2), 2)} "
        "steps, before the "
        f"mean does ({readable(1 / (1 - beta1), 2)}).",
        tuple(evidence),
        f"raise beta2 to {readable(wanted)} or more; 0.999 is usual.",
        "beta1 < sqrt(beta2) is what Adam's convergence takes, and a memory of the squares ten times the mean's.",
    )
