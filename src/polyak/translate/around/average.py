r"""An average of the weights beside the training: EMA, a <- d a + (1-d) x, or SWA, the mean of all x so far.

It begins as the weights after the first step, in Keras as in PyTorch, and changes nothing of the training itself.

Source: Polyak, B. & Juditsky, A. (1992), Acceleration of stochastic approximation by averaging; Izmailov, P. et al.
(2018), Averaging weights leads to wider optima and better generalization.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.translate.around.kinds import Around, Words, reads
from polyak.translate.paste.values import Call, Unread

SWA_UTILS = "torch.optim.swa_utils"
OF_KERAS = ("use_ema", "ema_momentum", "ema_overwrite_frequency")


@dataclass(frozen=True)
class Average(Around):
    """An average of the weights: of a decay, or the plain mean where that is None."""

    decay: float | None

    def words(self, prefix: str) -> Words:
        """Arguments of Keras's for an EMA, else the lines that do it."""
        if prefix == "keras" and self.decay is not None:
            return Words(arguments={"use_ema": True, "ema_momentum": self.decay})
        return Words(
            said=(f"the average of the weights, which the training does not see: {self.lines(prefix)}",)
        )

    def lines(self, prefix: str) -> str:
        """The code that keeps it: what is made once, and what is run after each step, the n-th from 1."""
        share = "1 / n" if self.decay is None else readable(1 - self.decay, 12)
        if prefix == "torch":
            kind = (
                ""
                if self.decay is None
                else f", multi_avg_fn={SWA_UTILS}.get_ema_multi_avg_fn({self.decay!r})"
            )
            made = f"average = {SWA_UTILS}.AveragedModel(model{kind})"
            return f"{made}, and after each step average.update_parameters(model)"
        if prefix == "optax":
            return (
                "average = params after the first step, and after each other"
                f" average = optax.incremental_update(params, average, {share})"
            )
        if prefix == "keras":
            return (
                "average = [x.numpy() for x in model.trainable_variables] after the first step, and after each other"
                f" average = [a + {share} * (x.numpy() - a) for a, x in zip(average, model.trainable_variables)]"
            )
        return f"average = x after the first step, and after each other average = average + {share} * (x - average)"


@reads
def averaged_model(call: Call) -> Average | None:
    """PyTorch's AveragedModel: the plain mean, or with get_ema_multi_avg_fn an EMA."""
    if call.last != "AveragedModel":
        return None
    rest = {
        name: value for name, value in call.named.items() if name not in ("model", "device", "use_buffers")
    }
    function = rest.pop("multi_avg_fn", None)
    if rest or len(call.positional) > 1:
        raise PolyakError(f"{call!r} is not read, expected AveragedModel(model, multi_avg_fn=...) alone")
    if function is None:
        return Average(None)
    if not isinstance(function, Call) or function.last not in (
        "get_ema_multi_avg_fn",
        "get_swa_multi_avg_fn",
    ):
        raise PolyakError(f"AveragedModel: multi_avg_fn is {function!r}, expected get_ema_multi_avg_fn(...)")
    if function.last == "get_swa_multi_avg_fn":
        return Average(None)
    given = [*function.positional, *function.named.values()]
    return Average(_decay("get_ema_multi_avg_fn", given[0] if given else 0.999))


def of_keras(given: Mapping[str, Any]) -> Average | None:
    """The one that Keras's arguments ask for; None where they do not."""
    if given.get("use_ema") is not True:
        return None
    if given.get("ema_overwrite_frequency") is not None:
        raise PolyakError(
            "ema_overwrite_frequency puts the average into the weights in mid-training, which is not translated:"
            " expected None"
        )
    return Average(_decay("ema_momentum", given.get("ema_momentum", 0.99)))


def _decay(label: str, value: object) -> float:
    if isinstance(value, bool | Unread | Call) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise PolyakError(f"{label} is {value!r}, expected a number in [0, 1)")
    return float(value)
