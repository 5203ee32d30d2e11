"""A watch as a callback of Hugging Face's Trainer.

`on_optimizer_step` comes after the optimizer's step and before the gradients are zeroed, once for each step however
many batches it is accumulated over. It is given no batch: readings are of the model's own batches, in turn, and the
loss is known at readings alone.

Source: transformers 5, "Callbacks", for the order: on_train_begin, on_step_begin, on_substep_end,
on_pre_optimizer_step, on_optimizer_step, on_step_end, on_log, on_train_end. The package is not installed where this is
tested: a stand-in calls the hooks in that order.
"""

from __future__ import annotations

from polyak.diagnose.callbacks.base import WatchCallback
from polyak.ground.errors import PolyakError


class HuggingFaceWatch(WatchCallback):
    """`Trainer(..., callbacks=[pk.HuggingFaceWatch(model, every=50, store="run.zarr")])`.

    Args:
        model: `pk.model(net, lambda net, batch: net(**batch).loss, loader)`, with batches as the Trainer's collator
            makes them, on the net's device.
        watched: what else `pk.watch` takes: every, store, log, most_time.

    Raises PolyakError where the training begins, for what `pk.watch` refuses, and where the Trainer hands over no
    optimizer.

    >>> HuggingFaceWatch(None)
    Traceback (most recent call last):
    ...
    polyak.PolyakError: a callback of a NoneType, expected pk.model(...)
    """

    def on_train_begin(self, *_: object, **given: object) -> None:
        """The optimizer stands."""
        optimizer = given.get("optimizer")
        if optimizer is None:
            raise PolyakError("the Trainer hands over no optimizer at on_train_begin, expected optimizer=")
        # Accelerate's wrapper stands in the optimizer's place; the one inside takes the steps.
        self.begin(getattr(optimizer, "optimizer", optimizer))

    def on_optimizer_step(self, *_: object, **__: object) -> None:
        """After a step, before its gradients are zeroed."""
        self.step(None)

    def on_train_end(self, *_: object, **__: object) -> None:
        """The last piece is written."""
        self.end()
