r"""Gradient accumulation: the mean of n gradients in a row is one gradient of the optimizer, for one step."""

from __future__ import annotations

from dataclasses import dataclass

from polyak.ground.errors import PolyakError
from polyak.translate.around.kinds import Around, Words, numbers_of, reads
from polyak.translate.paste.values import Call


@dataclass(frozen=True)
class Accumulate(Around):
    """A step for every n gradients, on their mean."""

    every: int

    def words(self, prefix: str) -> Words:
        """An argument of Keras's, Optax's MultiSteps, a sentence elsewhere."""
        n = self.every
        if prefix == "keras":
            said = (
                "a schedule of Keras's counts every gradient then, not every step: its numbers are stretched"
            )
            return Words(arguments={"gradient_accumulation_steps": n}, every=n, said=(said,))
        if prefix == "optax":
            said = "MultiSteps takes the mean in float32, unless its accumulator_dtype says another"
            return Words(
                around=f"optax.MultiSteps({{}}, every_k_schedule={n})", every=n, within=1e-6, apart=said
            )
        said = (
            f"(loss / {n}).backward() for each batch, and the step with optimizer.zero_grad() after every {n}"
        )
        return Words(every=n, said=(said,))


@reads
def accumulate(call: Call) -> Accumulate | None:
    """The accumulation that a config asks for."""
    if call.name != "accumulate":
        return None
    return Accumulate(steps_of(call.name, numbers_of(call)[0]))


def steps_of(label: str, value: object) -> int:
    """A number of gradients from 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise PolyakError(f"{label} is {value!r}, expected a whole number of gradients from 1")
    return value
