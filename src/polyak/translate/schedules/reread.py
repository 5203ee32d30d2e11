"""A schedule that was read, as its own framework's code again: its name with the numbers that were found."""

from __future__ import annotations

from typing import Any

from polyak.translate.schedules.read import Schedule

WHERE = {"torch": "torch.optim.lr_scheduler", "optax": "optax", "keras": "keras.optimizers.schedules"}


def own_code(schedule: Schedule) -> str | None:
    """The call, such as its framework runs it; None for what is not installed here and is a formula of ours.

    >>> from polyak.translate.paste.values import Call
    >>> from polyak.translate.schedules.read import read_schedule
    >>> own_code(read_schedule(Call("optax.linear_schedule", (1.0, 0.0, 4)), None))
    'optax.linear_schedule(init_value=1.0, end_value=0.0, transition_steps=4)'
    """
    where = WHERE.get(schedule.row.home)
    if where is None:
        return None
    given = [f"{name}={_code(value)}" for name, value in schedule.arguments.items() if value is not None]
    nests = any(name == "schedulers" for name in schedule.arguments)
    first = (
        ["optimizer"]
        if schedule.row.relative and not (nests and schedule.row.name.startswith("Chained"))
        else []
    )
    return f"{where}.{schedule.row.name}({', '.join([*first, *given])})"


def _code(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, Schedule):
        return str(own_code(value))
    if isinstance(value, tuple):
        return f"[{', '.join(map(_code, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {_code(each)}' for key, each in value.items())}}}"
    return repr(value)
