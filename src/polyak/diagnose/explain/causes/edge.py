r"""The learning rate is past the edge: on the sharpest direction a step no longer shrinks, with all rows or in batches.

    share = sharpness / edge(lr, momentum) > 1;    heavy ball: edge = (2 + 2 gamma)/lr;    Adam: of D^-1/2 H D^-1/2

In mini-batches the expected square of the noise grows beyond the mean-square edge, which lies below the full batch's.
A share over 1 on a loss that did not rise is no failure (the edge of stability): it is named only where the loss rose.

Source: Cohen et al. (2021), arXiv 2103.00065, section 2; (2022), arXiv 2207.14484, for Adam.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from polyak.diagnose.explain.finding import Evidence, Finding, NotFound, Verdict, cause, not_recorded
from polyak.diagnose.explain.seen import Floats, Seen
from polyak.ground.numbers import readable

Steps = NDArray[np.int64]

BEYOND = 1.0
READ_LOW = 0.85  # of the full batch's edge: readings in batches lie about a tenth below the truth
SMALLEST = 8.0  # rows of a batch, under which a momentum far below its edge is the other cause's
HALF = 0.5  # of an edge in mini-batches: what is advised
RAISED = 1.3  # times: a learning rate that changed by less is the same


@cause(
    "lr past the edge",
    looks_at="the sharpness beside the rule's own edge, before the loss rose",
    seen_in=("share", "lr"),
)
def past_the_edge(seen: Seen) -> Verdict:
    """Where the loss rose with the share of the edge over 1."""
    if not seen.has("share") and not seen.has("mean_square_share"):
        return not_recorded("a share of an edge")
    if not seen.failed:
        return NotFound("the loss did not rise: an edge that is crossed is no failure by itself")
    since = seen.step - seen.reach
    steps, shares = seen.read("share", since=since)
    joint_steps, joint = seen.read("mean_square_share", since=since)
    batches = seen.all_rows is not True
    top, over = _highest(steps, shares), _highest(joint_steps, joint)
    past = _past(seen, top, over, batches=batches)
    if past is not None:
        return past
    growth = _grown(seen) if batches else None
    if growth is None or growth[1] <= BEYOND:
        return _not_past(seen, (steps, joint_steps), (top, over))
    return _noisy(seen, *growth)


def _past(
    seen: Seen, top: tuple[int, float] | None, over: tuple[int, float] | None, *, batches: bool
) -> Finding | None:
    """The first edge that the lr is past: the full batch's as read, the mean-square one, the full batch's as scaled."""
    limit = READ_LOW if batches else BEYOND
    if _beyond(top, limit):
        return _found(seen, *top, batches=batches, which="full batch's")
    if batches and _beyond(over, BEYOND):
        return _found(seen, *over, batches=batches, which="mean-square")
    scaled = _scaled(seen, *_last_read(seen))
    if _beyond(scaled, limit):
        return _found(seen, *scaled, batches=batches, which="full batch's", scaled=True)
    return None


def _beyond(share: tuple[int, float] | None, limit: float) -> TypeGuard[tuple[int, float]]:
    return share is not None and share[1] > limit


def _grown(seen: Seen) -> tuple[int, float] | None:
    """How noise bred noise at the lr of the moment, where that was raised in reach of it: it grows about as the lr."""
    steps, values = seen.read("noise_growth", since=seen.step - seen.reach)
    first, last = _raised(seen)
    if not len(values) or not last > RAISED * first:
        return None
    step = int(steps[-1])
    return step, float(values[-1]) * max(1.0, seen.at("lr") / seen.at("lr", step))


def _raised(seen: Seen) -> tuple[float, float]:
    """The lr before it was first raised in reach of the moment, and after it last was; nan where it never was."""
    raised = [(a, b) for _, a, b in seen.changes("lr", 1.0) if b > a]
    return (raised[0][0], raised[-1][1]) if raised else (math.nan, math.nan)


def _noisy(seen: Seen, step: int, growth: float) -> Finding:
    """Past what the batches bear, at most; below the full batch's edge."""
    first, last = _raised(seen)
    size = readable(seen.batch_size)
    return Finding(
        "lr past the edge",
        0.65,
        f"The lr was raised from {readable(first)} to {readable(last)}, where in batches of {size} rows noise "
        f"breeds noise {readable(growth, 2)} times over at most, and the loss rose at step {seen.step}.",
        (
            Evidence(
                step, "growth of the noise, of rows that scatter as normal ones", growth, "below 1 it dies"
            ),
            Evidence(seen.step, "lr", last, f"{readable(first)} before it was raised"),
        ),
        f"lower the lr to {readable(min(first, last / growth), 2)} or less.",
        "there the noise of the batches dies out: the expected square of what it adds, below the full batch's edge.",
        _layer(seen),
    )


def _last_read(seen: Seen) -> tuple[Steps, Floats]:
    """The last share that was read before the moment, and its step: also one that was read long before it."""
    steps, shares = seen.read("share")
    return steps[-1:], shares[-1:]


def _scaled(seen: Seen, steps: Steps, shares: Floats) -> tuple[int, float] | None:
    """The share of an lr that was raised after its last reading, and from which step on: all learning rates times c
    are a share times c, where the sharpness stays as it was read.
    """
    read = _highest(steps, shares)
    if read is None:
        return None
    later = [each for each in seen.changes("lr", RAISED) if each[0] > read[0] and each[2] > each[1]]
    lr = seen.at("lr", read[0])
    if not later or not lr > 0:
        return None
    step, _, raised = max(later, key=lambda each: each[2])
    return step, read[1] * raised / lr


def _not_past(seen: Seen, steps: Sequence[Steps], highest: Sequence[tuple[int, float] | None]) -> NotFound:
    """No share was over 1; what was read before the lr was raised says nothing of the raised one."""
    best = max([each[1] for each in highest if each is not None], default=math.nan)
    if math.isnan(best):
        return not_recorded("a share of an edge near that step")
    last = max(int(each[-1]) for each in steps if len(each))
    times = _raised_since(seen, last)
    if times > RAISED:
        raised = f"the lr was raised {readable(times, 2)} times after step {last}"
        return NotFound(f"not known: {raised}, where its share of the edge was last read", looked=False)
    return NotFound(
        f"the lr used at most {readable(100 * best, 2)} % of the edge in the {seen.reach} steps before"
    )


def _raised_since(seen: Seen, step: int) -> float:
    """How many times the lr of a step it is at the moment; nan where one of them is not known."""
    lr = seen.at("lr", step)
    return seen.at("lr") / lr if lr > 0 else math.nan


def _highest(steps: Steps, shares: Floats) -> tuple[int, float] | None:
    """The largest of the readings, with its step."""
    if not len(shares):
        return None
    k = int(np.argmax(shares))
    return int(steps[k]), float(shares[k])


def _found(
    seen: Seen, step: int, share: float, *, batches: bool, which: str, scaled: bool = False
) -> Finding:
    """Args: scaled: whether the share was read at a smaller lr, and is that times what the lr was raised by."""
    lr = seen.at("lr", step)  # that the share is of
    what = f"share of the {which} edge"
    below = "below 1 a step shrinks on every curvature"
    if scaled:
        read_at = int(_last_read(seen)[0][-1])
        below = f"{below}; as read at step {read_at}, times what the lr was raised by since"
    evidence = [Evidence(step, what, share, below)]
    at, sharp = seen.read("sharpness", since=seen.step - seen.reach)
    if len(sharp):
        evidence.append(
            Evidence(int(at[-1]), "sharpness", float(sharp[-1]), "its edge is sharpness over share")
        )
    raised = [(s, a, b) for s, a, b in seen.changes("lr", 1.0) if b > a]
    grown = ""
    if raised and raised[-1][2] > RAISED * raised[0][1]:
        s, first, last = raised[0][0], raised[0][1], raised[-1][2]
        grown = f" The lr was raised from {readable(first)} to {readable(last)} from step {s} on."
        evidence.append(Evidence(raised[-1][0], "lr", last, f"{readable(first)} before step {s}"))
    target = lr / share * (HALF if batches else 0.9)
    rows = "in mini-batches" if batches else "with all rows at once"
    return Finding(
        "lr past the edge",
        min(0.7 + 0.1 * math.log2(max(share, 1.0)), 0.85),
        f"{rows.capitalize()} the lr of {readable(lr)} was {readable(share, 3)} times the {which} edge at "
        f"step {step}, "
        f"and the loss rose at step {seen.step}.{grown}",
        tuple(evidence),
        f"lower the lr to {readable(target, 2)} or less, {readable(seen.at('lr') / target, 2)} times lower.",
        f"that is {'half of' if batches else 'nine tenths of'} the edge at the sharpness that was read; "
        "an edge is where ripples may begin, and sharpness moves on.",
        _layer(seen),
    )


def _layer(seen: Seen) -> str:
    """The layer whose gradient grew most between what was usual and the moment; empty where that is not known."""
    _, lengths = seen.read("layer_gradient_norm", after=1)
    if len(lengths) < 4:
        return ""
    before = np.median(lengths[-8:-2], axis=0) if len(lengths) > 8 else np.median(lengths[:-2], axis=0)
    grown = np.where(before > 0, lengths[-1] / np.where(before > 0, before, 1), 0)
    return seen.watched.facts.layers[int(np.nanargmax(grown))] if np.isfinite(grown).any() else ""
