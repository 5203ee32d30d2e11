"""docs/watching.md: a small transformer driven past the edge, watched, explained, forecast and mended, as it happened.

Every number and picture on the page is of the one run below, about a minute of one core: `python
scripts/watching_page.py` makes it anew.
"""

from __future__ import annotations

import copy
import sys
import tempfile
import textwrap
import warnings
from collections.abc import Callable
from pathlib import Path

import torch

import polyak as pk

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
SOUND, RAISED, LR = (
    400,
    120,
    3e-3,
)  # steps at the example's own lr, and steps at which it is raised by 3 % each

PAGE = """\
# Watching a training

A small transformer that learns to spell (`examples/torch_transformer.py`, {parameters} parameters, AdamW at lr {lr},
batches of {batch}), driven past its edge on purpose, watched, explained, forecast and mended. All that is shown was
printed and drawn by the run in `scripts/watching_page.py`.

## The watch

```py
watch = pk.watch(optimizer, pk.model(net, loss, batches), every=20, store="run.zarr")
for batch in loader:
    optimizer.zero_grad()
    value = loss(net, batch)
    value.backward()
    optimizer.step()
    watch.step(batch, loss=value)
watch.verdict()
```

After {sound} steps at lr {lr}, where the loss is {before}:

```
{verdict}
```

Then the lr is raised by 3 % at each step. The watch says one line, at step {warned_at}, where the loss is
{warned_loss} after {last_loss} at the step before; it has doubled at step {doubled}{late}:

```
{warned}
```

![What was watched: the loss, the sharpness beside the edge](images/watched.svg)

The share of the edge rises through 1, and for a while nothing happens: that is why a share by itself warns of nothing.

## Why

```
polyak explain run.zarr
```

```
{why}
```

## The loss at other settings

Step {sound} again, before the lr was raised. A forecast of {ahead} steps, with the net in eval mode, since dropout
draws another loss at each call:

```py
net.eval()
pk.forecast(pk.model(net, loss, batches), optimizer, {ahead}, lr=[0.001, 0.003, 0.01, 0.03])
```

```
{forecast}
```

{of_forecast}

## Mended

From the same step {sound}, the lr raised in the same way, but no further than the explanation's {mended_lr}, half of
the edge that was read, and {raised} steps in all: the loss ends at {mended}, where the run that went on ended at
{broken}. Kept at {lr} it ends at {kept}.{of_mended}

What a share means, what is read and what it costs: [your_model.md](your_model.md).
"""


def write() -> None:
    """Run it and write the page with its picture."""
    sys.path.insert(0, str(ROOT / "examples"))
    import torch_transformer

    torch.set_num_threads(1)
    net, loss, optimizer, batches = torch_transformer.setup(steps=0)
    model = pk.model(net, loss, batches)

    def trained(
        first: int, last: int, lr: Callable[[int], float], watch: pk.Watch | None = None
    ) -> list[float]:
        losses = []
        for step in range(first, last):
            for group in optimizer.param_groups:
                group["lr"] = lr(step)
            batch = batches[step % len(batches)]
            optimizer.zero_grad()
            value = loss(net, batch)
            value.backward()
            optimizer.step()
            losses.append(value.item())
            if watch is not None:
                watch.step(batch, loss=value)
        return losses

    def raised(step: int) -> float:
        return LR * 1.03 ** (step - SOUND)

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        watch = pk.watch(optimizer, model, every=20, store=Path(folder) / "run.zarr", most_time=1)
        sound = trained(0, SOUND, lambda _: LR, watch)
        verdict = watch.verdict()
        there = copy.deepcopy((net.state_dict(), optimizer.state_dict()))
        losses = trained(SOUND, SOUND + RAISED, raised, watch)
        watch.close()
        why = pk.explain(Path(folder) / "run.zarr")
        print(pk.show.save(watch.plot(), IMAGES / "watched.svg"))
    before = sum(sound[-20:]) / 20
    events = [event for event in watch.watched.events if event.kind == "warned"]
    doubled = next(k for k, value in enumerate(losses) if value > 2 * before) + SOUND + 1

    def back() -> None:
        net.load_state_dict(there[0])
        optimizer.load_state_dict(copy.deepcopy(there[1]))

    back()
    found, of_forecast = _forecast(net, loss, optimizer, batches)
    most = 0.026
    mended = trained(SOUND, SOUND + RAISED, lambda step: min(raised(step), most))
    back()
    kept = trained(SOUND, SOUND + RAISED, lambda _: LR)
    ends = {
        name: sum(each[-20:]) / 20 for name, each in (("mended", mended), ("broken", losses), ("kept", kept))
    }
    of_mended = (
        " Stable is not fast: this model learns faster at the smaller one."
        if ends["mended"] > ends["kept"]
        else ""
    )
    page = PAGE.format(
        parameters=f"{sum(x.numel() for x in net.parameters()):,}",
        lr=LR,
        batch=len(batches[0]),
        sound=SOUND,
        raised=RAISED,
        before=f"{before:.2f}",
        verdict=_wrapped(verdict),
        warned_at=events[0].step,
        warned_loss=f"{losses[events[0].step - SOUND - 1]:.2f}",
        doubled=doubled,
        last_loss=f"{losses[events[0].step - SOUND - 2]:.2f}",
        late="" if events[0].step < doubled else ", no later: a loss that leaps leaves no time",
        warned=_wrapped(events[0].words),
        why=_wrapped(str(why)),
        ahead=AHEAD,
        forecast=_wrapped(found),
        of_forecast=of_forecast,
        mended_lr=most,
        of_mended=of_mended,
        **{name: f"{value:.2f}" if value < 1e3 else f"{value:.0f}" for name, value in ends.items()},
    )
    assert len(said) >= 1
    (ROOT / "docs" / "watching.md").write_text(page)


AHEAD = 50


def _forecast(net: torch.nn.Module, loss: object, optimizer: object, batches: object) -> tuple[str, str]:
    """What a forecast says, or that it refuses, and a sentence about that."""
    net.eval()
    try:
        found = pk.forecast(pk.model(net, loss, batches), optimizer, AHEAD, lr=[0.001, 0.003, 0.01, 0.03])
        return str(found), "It checked itself on twenty real steps, and undid them."
    except pk.PolyakError as refusal:
        return f"PolyakError: {refusal}", (
            "It refuses rather than say a number that it cannot stand for: this transformer leaves its own "
            "linearisation\nwithin these steps. What to do is then what the explanation says."
        )
    finally:
        net.train()


def _wrapped(words: str) -> str:
    lines = [
        textwrap.wrap(line, 116, subsequent_indent="    ", break_long_words=False)
        for line in words.splitlines()
    ]
    return "\n".join(each for line in lines for each in line)


if __name__ == "__main__":
    write()
