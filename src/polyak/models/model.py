"""`pk.model`: a user's own model, loss and batches, as what curvature, edges and noise are asked of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from polyak.frameworks import FRAMEWORKS
from polyak.frameworks.bridge import Batch, Bridge, Options
from polyak.frameworks.framework import Framework
from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.ground.shown import Shown
from polyak.models.door import loss_at_the_door

EXPECTED = (
    "expected pk.model(net, loss, batches) of a torch module, pk.model(loss, params, batches) of JAX, or"
    " pk.model(keras_model, batches) of a compiled Keras model"
)


@dataclass(frozen=True, eq=False)
class Model(Shown):
    """A model that was looked at on its first batch.

    Attributes:
        bridge: what its framework gives of it.
        loss: on the first batch, at the parameters of the day when it was made.
        rows: how many rows one reading of the batches has; None where only reading them would tell.
    """

    bridge: Bridge
    loss: float
    rows: int | None

    def __str__(self) -> str:
        bridge = self.bridge
        count, arrays = f"{bridge.size:,} parameters", len(bridge.names)
        mode = f", {bridge.mode}" if bridge.mode else ""
        rows = "" if self.rows is None else f", {self.rows:,} rows"
        return (
            f"{bridge.name} of {bridge.framework}: {count} in {arrays} array{'s' * (arrays != 1)}{mode}{rows}; loss"
            f" {readable(self.loss)} on the first batch"
        )


def model(
    of: object,
    /,
    *parts: object,
    forward: Callable[..., object] | None = None,
    rows: Callable[[Batch], int] | None = None,
) -> Model:
    """A model of the user's own, with its loss and its batches; what is asked of it changes nothing of the user's.

    Args:
        of: a torch module; a JAX loss; or a compiled keras.Model.
        parts: what belongs to it, the batches last.
            torch: its loss, a criterion loss(outputs, targets) for batches (inputs, targets), or a loss(net, batch) for
            any others; a module is a criterion, a function is tried as loss(net, batch) once.
            JAX: the params, any pytree, a Flax or an Equinox module; the loss is loss(params, batch).
            Keras: nothing, for its loss is compiled into it; batches are (x, y) or (x, y, sample_weight).
            The batches: any iterable of them, a list or a DataLoader; an iterator can be read once only.
        forward: of JAX, forward(params, batch) -> outputs; the loss is then one of (outputs, batch), and what needs the
            two apart (Gauss-Newton, edges in mini-batches) can be had.
        rows: rows(batch) -> how many rows it has, where the first axes of its arrays do not agree on it.

    The loss is the mean over a batch's rows. Raises PolyakError for what is no model, and for a loss that is no finite
    scalar, has no gradient, does not depend on a parameter or changes from call to call on one batch.

    >>> import jax.numpy as jnp
    >>> def loss(params, batch):
    ...     x, y = batch
    ...     return ((x @ params["w"] - y) ** 2).mean()
    >>> print(model(loss, {"w": jnp.zeros(2)}, [(jnp.ones((4, 2)), jnp.ones(4))]))
    loss of jax: 2 parameters in 1 array, 4 rows; loss 1 on the first batch
    """
    if not parts:
        raise PolyakError(f"a model without batches: {EXPECTED}")
    *arguments, batches = parts
    options = Options(forward, rows)
    for framework in _whose(of):
        bridge = framework.bridges(_label(of)).bridge(of, arguments, batches, options)
        if bridge is not None:
            return Model(bridge, loss_at_the_door(bridge, bridge.first), bridge.total_rows)
    raise PolyakError(f"{_label(of)} is no model: {EXPECTED}")


def _whose(of: object) -> Iterator[Framework]:
    """The frameworks whose it may be, by the packages that its classes come from, the nearest first; else JAX's, whose
    losses are plain functions.
    """
    readable_here = {each.package: each for each in FRAMEWORKS.values() if each.has("bridge")}
    packages = dict.fromkeys(kind.__module__.partition(".")[0] for kind in type(of).__mro__)
    for package in packages:
        if package == "tensorflow":
            raise PolyakError(f"{_label(of)} is of TensorFlow, whose models are not read: {EXPECTED}")
        if package in readable_here and package != "jax":
            yield readable_here[package]
    yield readable_here["jax"]


def _label(of: object) -> str:
    kind = type(of).__name__
    return kind if not isinstance(of, str | int | float) else f"{kind} {of!r}"
