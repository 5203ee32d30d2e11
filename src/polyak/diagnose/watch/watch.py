"""`pk.watch`: a training watched while it runs, which never harms it."""

from __future__ import annotations

from polyak.diagnose.watch.watching import Watch
from polyak.models import Model


def watch(
    optimizer: object,
    model: Model,
    *,
    every: int = 50,
    store: object = None,
    log: object = None,
    most_time: float = 0.05,
) -> Watch:
    """Watch a training while it runs: its sharpness beside its rule's edge, its gradients, updates and velocity.

    Args:
        optimizer: of the model's parameters: a torch.optim optimizer, or one that `to_torch` made; of a JAX model an
            Optax optimizer or a rule of ours; of a Keras model the one that it was compiled with.
        model: from `pk.model`. What a JAX model does not train is as it was there.
        every: steps between two readings, at least 2.
        store: a folder or an address for what is seen: whole pieces, at least one every 200 steps. A training that goes
            on names the same store again. By default it is kept in memory alone.
        log: called with a dict of a reading's numbers, such as wandb.log; or a TensorBoard writer.
        most_time: the share of the training's time that readings may take: those of the curvature, which cost about
            three gradients each over the rows read, are put off where they would take more; an event says so once. 1
            for no bound. What is free at each step takes .1 to .2 ms besides.

    Returns a Watch: `step(batch, loss=...)` after each `optimizer.step()`, in JAX `step(batch, params, opt_state)`;
    `verdict()`, `plot()`, `watched`, `close()`. As a callback of a trainer: KerasWatch, LightningWatch,
    HuggingFaceWatch. The training is not changed, bit for bit, and goes on whatever happens to the watch: an error in
    it is one warning. It holds four vectors as long as the parameters at most.
    Raises PolyakError for an optimizer of another model's parameters, one that is watched already, and a store that
    something else stands in.

    >>> import torch
    >>> from polyak.models import model
    >>> net, loss = torch.nn.Linear(2, 1), torch.nn.MSELoss()
    >>> batch = torch.ones(4, 2), torch.zeros(4, 1)
    >>> optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    >>> with watch(optimizer, model(net, loss, [batch]), every=2) as seen:
    ...     for _ in range(4):
    ...         optimizer.zero_grad()
    ...         loss(net(batch[0]), batch[1]).backward()
    ...         optimizer.step()
    ...         seen.step(batch)
    >>> seen.verdict().split(";")[0]
    'lr 0.1 uses 30 % of the edge (full batch, batch 4)'

    Source: Cohen et al. (2021), arXiv 2103.00065, for the sharpness beside the edge.
    """
    return Watch(optimizer, model, every=every, store=store, log=log, most_time=most_time)
