r"""Clipping of gradients: each entry to [-c, c], each array to a norm of c, or all of them to one norm of c.

    value: min(max(g, -c), c);  norm: g min(1, c / |g|);  global: the same with |g| over all arrays

Source: Pascanu, Mikolov and Bengio (2013), On the difficulty of training recurrent neural networks, algorithm 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from polyak.frameworks.steppers import Array
from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.translate.around.kinds import Around, Words, reads
from polyak.translate.paste.values import Call, Unread, must_be_run
from polyak.translate.schedules.course import number

CALLED = {  # the call, what it does, what its amount is called
    "clip_grad_value_": ("value", "clip_value"),
    "clip_grad_norm_": ("global", "max_norm"),
    "clip each by norm": ("norm", "max_norm"),
    "optax.clip": ("value", "max_delta"),
    "clip_by_global_norm": ("global", "max_norm"),
}
ARGUMENTS = {"clipvalue": "value", "clipnorm": "norm", "global_clipnorm": "global"}  # Keras's
TORCH_EPS = 1e-6  # what torch adds to a norm before it divides by it


@dataclass(frozen=True)
class Clip(Around):
    """Gradients that are not let past a size.

    Attributes:
        how: "value", "norm" (each array by itself) or "global".
        amount: the size.
    """

    how: str
    amount: float

    def gradients(self, grads: list[Array]) -> list[Array]:
        """The clipped gradients.

        >>> [float(g.round(2)) for g in Clip("global", 1.0).gradients([np.array(3.0), np.array(4.0)])]
        [0.6, 0.8]
        """
        if self.how == "value":
            return [np.clip(g, -self.amount, self.amount) for g in grads]
        norms = [float(np.sqrt((g**2).sum())) for g in grads]
        if self.how == "global":
            norms = [float(np.sqrt(sum(norm**2 for norm in norms)))] * len(norms)
        return [
            g * (self.amount / norm) if norm > self.amount else g
            for g, norm in zip(grads, norms, strict=True)
        ]

    def words(self, prefix: str) -> Words:
        """An argument of Keras's, a link of Optax's, a line before the step elsewhere."""
        c = number(self.amount)
        if prefix == "keras":
            argument = next(name for name, how in ARGUMENTS.items() if how == self.how)
            return Words(arguments={argument: self.amount})
        if prefix == "optax":
            return Words(link=_LINKS[self.how].format(c=c))
        if prefix == "torch":
            said = "between loss.backward() and optimizer.step(), the clipping"
            eps = (
                f"PyTorch's clipping divides by the norm plus {readable(TORCH_EPS)}: "
                "what it clips is smaller by that share"
            )
            if self.how == "value":
                return Words(line=_LINES[self.how].format(c=c), said=(said,))
            return Words(line=_LINES[self.how].format(c=c), said=(said,), within=1e-5, apart=eps)
        what = {"value": "each entry", "norm": "each array's norm", "global": "the norm of all together"}[
            self.how
        ]
        return Words(
            said=(f"{prefix} has no clipping that is read here: bound {what} by {c} before each step",)
        )


_LINKS = {
    "value": "optax.clip({c})",
    "global": "optax.clip_by_global_norm({c})",
    "norm": "optax.stateless_with_tree_map(lambda g, x: g * jnp.minimum(1, {c} / jnp.sqrt((g**2).sum())))",
}
_LINES = {
    "value": "torch.nn.utils.clip_grad_value_(model.parameters(), clip_value={c})",
    "global": "torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm={c})",
    "norm": "for x in model.parameters(): torch.nn.utils.clip_grad_norm_(x, max_norm={c})",
}

CHANGES_NOTHING = ("parameters", "error_if_nonfinite", "foreach")


@reads
def clip(call: Call) -> Clip | None:
    """The clipping that a call of torch's or Optax's does."""
    name = next((name for name in (call.name, call.last) if name in CALLED), None)
    if name is None:
        return None
    how, argument = CALLED[name]
    given = _without_parameters(call)
    rest = {key: value for key, value in call.named.items() if key not in CHANGES_NOTHING}
    if rest.pop("norm_type", 2) not in (2, 2.0):
        raise PolyakError(f"{call.last}: norm_type is {call.named['norm_type']!r}, expected 2")
    value = rest.pop(argument, given[0] if given else None)
    if isinstance(value, Unread | Call):
        raise must_be_run(repr(value), f"{call.last}: {argument}")
    if rest or len(given) > 1:
        raise PolyakError(f"{call!r} is not read, expected {argument}=... alone")
    return Clip(how, amount_of(f"{call.last}: {argument}", value))


def _without_parameters(call: Call) -> list[object]:
    """What is given by its place, less the parameters that torch's functions begin with."""
    given: list[object] = list(call.positional)
    ours = call.last.startswith("clip_grad") and bool(given) and isinstance(given[0], Unread | Call)
    return given[1:] if ours else given


def amount_of(label: str, value: object) -> float:
    """A size above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise PolyakError(f"{label} is {value!r}, expected a number above 0")
    return float(value)
