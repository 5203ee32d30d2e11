"""What was tuned, as trials in an Optuna storage, where its dashboard and its plots see them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from polyak.ground.errors import PolyakError
from polyak.sweeps.search_space import SearchSpace

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

    from polyak.sweeps.tuned import Trial, Tuned


def tell(storage: object, tuned: Tuned, space: SearchSpace, *, higher: bool) -> None:
    """Write a study of the rule's name: a trial each setting, its values by epoch; complete, pruned or failed.

    Args:
        storage: what `optuna.create_study` takes: sqlite:///tuned.db, a storage object.
        tuned: what was found.
        space: the axes.
        higher: whether more is better.

    Raises PolyakError for a storage that cannot be used, and where it has such a study already.
    """
    import optuna
    from optuna.distributions import FloatDistribution

    bounds = {
        name: FloatDistribution(
            *sorted(map(float, axis.ends)), log=axis.scale == "log" and min(axis.ends) > 0
        )
        for name, axis in space.axes.items()
    }
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study(
            storage=storage,
            study_name=tuned.rule,
            direction="maximize" if higher else "minimize",
        )
        for trial in tuned.trials:
            study.add_trial(_as_optuna(trial, bounds, tuned.rounds[-1][0]))
    except optuna.exceptions.DuplicatedStudyError:
        raise PolyakError(
            f"the storage has a study {tuned.rule} already: expected another storage, or optuna.delete_study"
        ) from None
    except Exception as error:
        first = next(iter(str(error).strip().splitlines()), "")
        raise PolyakError(f"the storage {storage} cannot be used: {type(error).__name__}: {first}") from error
    finally:
        optuna.logging.set_verbosity(before)


def _as_optuna(trial: Trial, bounds: Mapping[str, BaseDistribution], whole: int) -> FrozenTrial:
    """A setting as Optuna has it: complete after the whole of its epochs, failed where a value is not finite."""
    from optuna.trial import TrialState, create_trial

    values = {epoch: value for epoch, value in trial.values.items() if math.isfinite(value)}
    dead = len(values) < len(trial.values)
    return create_trial(
        state=TrialState.FAIL if dead else TrialState.COMPLETE if whole in values else TrialState.PRUNED,
        value=values.get(whole),
        params=trial.settings,
        distributions=dict(bounds),
        intermediate_values=values,
        user_attrs={"reason": trial.reason} if trial.reason else {},
    )
