"""A training's state on disk, so that one that was interrupted goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import jax
import numpy as np

from polyak.errors import PolyakError
from polyak.version import __version__


def fingerprint(rule: Any, problem: Any, **settings: Any) -> dict[str, str]:
    """What a training is, in words and hashes that are the same in another process."""
    schedules = [np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(rule)]
    data = [problem.data.features.tobytes(), problem.data.labels.tobytes()]
    shapes = [str(np.shape(leaf)) for leaf in jax.tree.leaves(problem.init(np.random.default_rng(0)))]
    return {
        "version": __version__,
        "rule": str(rule),
        "hyper-parameters": hashlib.sha256(b"".join(schedules)).hexdigest(),
        "problem": f"{problem.name} on {problem.data.name}, {' '.join(shapes)}",
        "data": hashlib.sha256(b"".join(data)).hexdigest(),
        **{name: str(value) for name, value in settings.items()},
    }


def save(path: Path, identity: dict[str, str], epoch: int, carry: Any, losses: Any) -> None:
    """Write the state after `epoch` epochs, whole or not at all."""
    leaves = {f"leaf{k}": np.asarray(leaf) for k, leaf in enumerate(jax.tree.leaves(carry))}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        np.savez(
            file, identity=json.dumps(identity), epoch=epoch, losses=losses, allow_pickle=False, **leaves
        )
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def load(path: Path, identity: dict[str, str], carry: Any) -> tuple[int, Any, Any] | None:
    """The epoch, carry and losses saved at `path`; None if there is nothing.

    Raises PolyakError if what is there is no checkpoint, or that of another training.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = dict(stored)
        found = json.loads(str(arrays["identity"]))
        leaves = [arrays[f"leaf{k}"] for k in range(len(jax.tree.leaves(carry)))]
        epoch, losses = int(arrays["epoch"]), arrays["losses"]
    except FileNotFoundError:
        return None
    except Exception as error:
        raise PolyakError(f"{path} is no checkpoint of polyak ({type(error).__name__}); remove it") from None
    for name, value in identity.items():
        if found.get(name) != value:
            raise PolyakError(
                f"{path} is of another training: {name} was {found.get(name)}, now {value}; remove it to begin anew"
            )
    return epoch, jax.tree.unflatten(jax.tree.structure(carry), leaves), losses
