"""What the live page says of a watched training: its curves and its words, from the record alone."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from polyak.diagnose import Watched
from polyak.ground.numbers import readable
from polyak.lab.live.thinned import Column, thinned

LINES = 4  # layers that are drawn: those with the largest gradient
MOST_LAYERS = 16  # layers in the table
MOST_EVENTS = 20
# Of the last step and of the last reading: the column, and what it is called.
OF_STEPS = (("lr", "learning rate"), ("momentum", "momentum"), ("batch_size", "batch size"))
OF_READINGS = (
    ("sharpness", "sharpness"),
    ("edge", "edge of the rule"),
    ("share", "share of the edge, full batch"),
    ("mean_square_share", "share of the edge, mean-square"),
    ("gradient_norm", "norm of the gradient"),
    ("update_norm", "norm of the update"),
    ("velocity_norm", "norm of the velocity"),
    ("parameter_norm", "norm of the parameters"),
    ("alignment", "cosine of velocity and gradient"),
)
OF_LAYERS = (("gradient", "gradient"), ("update", "update"), ("parameter", "parameters"))

Curve = tuple[Column, Column]
NOTHING: Curve = (np.empty(0), np.empty(0))


def loss_curve(watched: Watched) -> tuple[Curve, str]:
    """The loss, and of what it is: of each step where it was told, else of the batches that were read.

    Drawn on a logarithmic axis, so that only finite numbers above 0 have a place; the words say how many had none.
    """
    rows, words = watched.steps, "steps"
    if not np.isfinite(_column(rows.get("loss"))).any():
        rows, words = watched.readings, "readings"
    loss = _column(rows.get("loss"))
    if not np.isfinite(loss).any():
        return NOTHING, "No loss was told."
    drawn = np.where(loss > 0, loss, np.nan)
    count, total = int(np.isfinite(drawn).sum()), len(loss)
    said = f"The batch's loss at {count:,} {words}"
    if count < total:
        said += f"; {total - count:,} others told none, or none that is a finite number above 0"
    return thinned(rows["step"], drawn), f"{said}."


def reading_curve(watched: Watched, name: str) -> Curve:
    """A quantity over the steps at which it was read."""
    values = _column(watched.readings.get(name))
    return thinned(watched.readings["step"], values) if len(values) else NOTHING


def largest_layers(watched: Watched) -> list[int]:
    """The layers by their last gradient, the largest first; those without a finite one stand last."""
    last = _last_rows(watched, "layer_gradient_norm")
    return [int(k) for k in np.argsort(-np.where(np.isfinite(last), last, -1.0), kind="stable")]


def layer_curve(watched: Watched, layer: int) -> Curve:
    """A layer's gradient over the readings; only what is above 0 has a place on a logarithmic axis."""
    values = watched.readings.get("layer_gradient_norm")
    if values is None or values.ndim != 2:
        return NOTHING
    return thinned(watched.readings["step"], np.where(values[:, layer] > 0, values[:, layer], np.nan))


def head(watched: Watched) -> str:
    """Whose training it is, and how far it came."""
    read = len(watched.readings["step"])
    facts = watched.facts
    return f"{facts.model} of {facts.framework} with {facts.optimizer}: {watched.last_step:,} steps, {read:,} readings"


def numbers_table(watched: Watched) -> str:
    """The last finite number of each column, and the step that it is of."""
    rows = [
        (label, *found)
        for table, columns in ((watched.steps, OF_STEPS), (watched.readings, OF_READINGS))
        for name, label in columns
        if (found := _last(table["step"], _column(table.get(name)))) is not None
    ]
    cells = [(label, readable(value, 4), f"{step:,}") for label, step, value in rows]
    return _table("The last numbers", ("quantity", "number", "at step"), cells)


def layers_table(watched: Watched, colors: Sequence[str]) -> str:
    """Each layer's norms at the last reading; the layers that are drawn have their line's colour before their name."""
    order = largest_layers(watched)
    columns = {name: _last_rows(watched, f"layer_{name}_norm") for name, _ in OF_LAYERS}
    cells, marks = [], []
    for place, k in enumerate(order[:MOST_LAYERS]):
        norms = (
            readable(float(column[k]), 3) if np.isfinite(column[k]) else "" for column in columns.values()
        )
        cells.append((watched.facts.layers[k], *norms))
        marks.append(
            f'<span class="mark" style="background: {colors[place]}"></span>' if place < LINES else ""
        )
    left = len(order) - MOST_LAYERS
    more = f'<p class="hint">{left:,} smaller layers are not listed.</p>' if left > 0 else ""
    names = ("layer", *(label for _, label in OF_LAYERS))
    return _table("Norms by layer at the last reading", names, cells, marks) + more


def events_list(watched: Watched) -> str:
    """What happened, the last first."""
    shown = watched.events[::-1][:MOST_EVENTS]
    if not shown:
        return "<p>Nothing happened yet.</p>"
    lines = "".join(
        f"<li{' class=warned' if event.kind == 'warned' else ''}>{escape(str(event))}</li>" for event in shown
    )
    left = len(watched.events) - len(shown)
    return f"<ul>{lines}</ul>" + (
        f'<p class="hint">{left:,} earlier events are not listed.</p>' if left else ""
    )


def _column(values: NDArray[np.float64] | None) -> Column:
    """A column of plain numbers; empty where there is none."""
    return values if values is not None and values.ndim == 1 else np.empty(0)


def _last(steps: Column, values: Column) -> tuple[int, float] | None:
    at = np.flatnonzero(np.isfinite(values))
    return (int(steps[at[-1]]), float(values[at[-1]])) if len(at) else None


def _last_rows(watched: Watched, name: str) -> Column:
    """One number for each layer, of the last reading."""
    values = watched.readings.get(name)
    if values is None or values.ndim != 2 or not len(values):
        return np.full(len(watched.facts.layers), np.nan)
    return np.asarray(values[-1], dtype=np.float64)


def _table(
    caption: str, names: Sequence[str], rows: Sequence[Sequence[str]], marks: Sequence[str] = ()
) -> str:
    if not rows:
        return f"<p>{escape(caption)}: none yet.</p>"
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    body = "".join(
        f'<tr><th scope="row">{mark}{escape(row[0])}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>'
        for row, mark in zip(rows, marks or [""] * len(rows), strict=True)
    )
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
