r"""A watch as a callback of Keras's `fit`.

Keras gives a callback no batch: readings are of the model's own batches, in turn. It gives the mean of the losses since
the epoch began, of which the last batch's is

    l_k = k mean_k - (k - 1) mean_(k-1)

where the batches are of one size: the last one of an epoch is left out, which may be smaller.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from polyak.diagnose.callbacks.base import WatchCallback


class KerasWatch(WatchCallback):
    """`model.fit(x, y, callbacks=[pk.KerasWatch(pk.model(model, batches), every=50, store="run.zarr")])`.

    Args:
        model: `pk.model(keras_model, batches)`, with batches of the size that `fit` trains in.
        watched: what else `pk.watch` takes: every, store, log, most_time.

    Raises PolyakError where `fit` begins, for what `pk.watch` refuses.

    >>> KerasWatch(0)
    Traceback (most recent call last):
    ...
    polyak.PolyakError: a callback of an int, expected pk.model(...)
    """

    hooks = ("on_", "set_")
    params: Mapping[str, Any] = {}

    _mean = 0.0

    def set_params(self, params: Mapping[str, Any]) -> None:
        """How many batches an epoch has, where that is known."""
        self.params = params

    def set_model(self, model: Any) -> None:  # noqa: ANN401 - Keras has no types
        """The model that is fitted."""
        self._fitted = model

    def on_train_begin(self, *_: object) -> None:
        """The optimizer stands."""
        self.begin(self._fitted.optimizer)

    def on_epoch_begin(self, *_: object) -> None:
        """The mean begins anew."""
        self._mean = 0.0

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """After a step."""
        mean = float((logs or {}).get("loss", math.nan))
        loss = (batch + 1) * mean - batch * self._mean
        self._mean = mean
        last = batch + 1 == self.params.get("steps")
        self.step(None, None if last else loss)

    def on_train_end(self, *_: object) -> None:
        """The last piece is written."""
        self.end()
