"""A watch as a callback of Lightning's Trainer.

In automatic optimization Lightning zeroes the gradients before the backward pass, inside the optimizer's closure, so
that `on_train_batch_end` finds them as the step took them, clipped where they were. While gradients are accumulated
over batches it is called after each of them, and `trainer.global_step` counts on at the last alone.

Source: Lightning 2.x, "Hooks in PyTorch Lightning" and `lightning.pytorch.loops.training_epoch_loop`, for the order.
Lightning is not installed where this is tested: a stand-in calls the hooks in that order.
"""

from __future__ import annotations

from typing import Any

from polyak.diagnose.callbacks.base import WatchCallback
from polyak.frameworks.bridge import Batch


class LightningWatch(WatchCallback):
    """`Trainer(callbacks=[pk.LightningWatch(model, every=50, store="run.zarr")])`.

    Args:
        model: `pk.model(module, loss, loader)`, of the LightningModule, or of the net inside it that holds all of its
            parameters. The loss of a module that computes its own is `lambda module, batch: module.training_step(batch,
            0)` where that logs nothing.
        watched: what else `pk.watch` takes: every, store, log, most_time.

    Of several optimizers the first is watched, which must be of all the model's parameters. Raises PolyakError where
    the training begins, for what `pk.watch` refuses.

    >>> LightningWatch("net")
    Traceback (most recent call last):
    ...
    polyak.PolyakError: a callback of a str, expected pk.model(...)
    """

    hooks = ("on_", "setup", "teardown", "load_state_dict")
    state_key = "polyak.LightningWatch"

    _taken = -1

    def on_train_start(self, trainer: Any, *_: object) -> None:  # noqa: ANN401 - of another package
        """The optimizers stand, and a checkpoint has been loaded."""
        self._taken = int(trainer.global_step)
        self.begin(trainer.optimizers[0])

    def on_train_batch_end(
        self,
        trainer: Any,  # noqa: ANN401 - of another package
        _module: object,
        outputs: object,
        batch: Batch,
        *_: object,
    ) -> None:
        """After a batch; of those over which gradients are accumulated, only the last has stepped."""
        if int(trainer.global_step) == self._taken:
            return
        self._taken = int(trainer.global_step)
        self.step(batch, outputs.get("loss") if isinstance(outputs, dict) else outputs)

    def on_train_end(self, *_: object) -> None:
        """The last piece is written."""
        self.end()

    def on_exception(self, *_: object) -> None:
        """What was seen is kept where the training breaks off."""
        self.end()

    def state_dict(self) -> dict[str, object]:
        """Nothing of it is in a checkpoint: what it saw is in its store."""
        return {}
