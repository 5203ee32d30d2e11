"""A training's state on disk, so that one that was interrupted goes on where it stopped."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError
from polyak.ground.files import cannot_be_written, remove_halves, whole_file
from polyak.ground.hashing import code_hash, hashed, numbers_hash, without_addresses
from polyak.ground.types import Pytree
from polyak.ground.version import __version__
from polyak.problems import Task
from polyak.rules import Optimizer
from polyak.run.loop import Carry

Losses = NDArray[Any]
HEADER = 4096  # bytes of an array's own description in the file
MOST_WORDS = 1 << 24  # bytes of what tells a training from another


def fingerprint(rule: Optimizer, problem: Task, dtype: str, **settings: Any) -> dict[str, str]:
    """What a training is, in words and hashes that are the same in another process."""
    params = problem.first(0, dtype)
    about = problem.about(dtype)
    shapes = [str(np.shape(leaf)) for leaf in jax.tree.leaves(params)]
    return {
        "version": __version__,
        "rule": without_addresses(str(rule)),
        **{name: str(value) for name, value in settings.items()},
        "dtype": dtype,
        "hyper-parameters": numbers_hash(rule),
        "step": step_hash(rule, params),
        **about,
        "problem": f"{about['problem']}, {' '.join(shapes)}",
    }


def step_hash(rule: Optimizer, params: Pytree) -> str:
    """What a rule's step computes; '' if it cannot be traced."""
    return code_hash(lambda rule, x: rule.update(x, rule.init(x), x), rule, params)


def save(path: Path, identity: dict[str, str], epoch: int, carry: Carry, losses: Losses) -> None:
    """Write the state after `epoch` epochs, whole or not at all."""
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(carry)]
    with cannot_be_written(f"the checkpoint {path}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as part, part.open("wb") as file:
            np.savez(
                file,
                identity=json.dumps(identity),
                epoch=epoch,
                losses=losses,
                checksum=_checksum(epoch, losses, leaves),
                allow_pickle=False,
                **{f"leaf{k}": leaf for k, leaf in enumerate(leaves)},
            )


def load(
    path: Path,
    identity: dict[str, str],
    carry: Carry,
    epochs: int,
    recorded: Callable[[int], tuple[int, ...]],
) -> tuple[int, Carry, Losses] | None:
    """The epoch, carry and losses saved at `path`; None if there is nothing.

    Args:
        path: of the checkpoint.
        identity: of the training.
        carry: what it begins with: what is stored has its shapes.
        epochs: of the whole training, of which some are left.
        recorded: the shape of the losses after so many epochs.

    Raises PolyakError if what is there is no checkpoint, or that of another training.
    """
    wanted = [np.asarray(leaf) for leaf in jax.tree.leaves(carry)]
    names = [f"leaf{k}" for k in range(len(wanted))]
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            found = dict(json.loads(str(stored["identity"])))
            differences = [name for name, value in identity.items() if found.get(name) != value]
            if not differences:
                epoch, losses, leaves = _read(stored, names, wanted, epochs, recorded)
    except FileNotFoundError:
        return None
    except Exception as error:
        what = str(error) if isinstance(error, _ForgedError) else type(error).__name__
        raise PolyakError(f"{path} is no checkpoint of polyak ({what}); remove it") from None
    for name in differences:
        raise PolyakError(
            f"{path} is of another training: {name} was {found.get(name)}, now {identity[name]}; "
            "remove it to begin anew"
        )
    return epoch, jax.tree.unflatten(jax.tree.structure(carry), leaves), losses


class _ForgedError(ValueError):
    """What no training has saved, though it says that it is of this one."""


def _read(
    stored: NpzFile,
    names: list[str],
    wanted: list[Losses],
    epochs: int,
    recorded: Callable[[int], tuple[int, ...]],
) -> tuple[int, Losses, list[Losses]]:
    """The numbers of a checkpoint; nothing is read that is larger than it can be."""
    _refuse_members(
        stored, {name: leaf.nbytes for name, leaf in zip(names, wanted, strict=True)}, recorded(epochs)
    )
    epoch = int(stored["epoch"])
    if not 0 < epoch < epochs:
        raise _ForgedError(f"{epoch} epochs are done, of {epochs}")
    losses, leaves = stored["losses"], [stored[name] for name in names]
    if losses.shape != recorded(epoch) or losses.dtype.kind != "f":
        raise _ForgedError(f"its losses have the shape {losses.shape}, expected {recorded(epoch)}")
    for name, leaf, expected in zip(names, leaves, wanted, strict=True):
        if leaf.shape != expected.shape:
            raise _ForgedError(f"{name} has the shape {leaf.shape}, expected {expected.shape}")
    if str(stored["checksum"]) != _checksum(epoch, losses, leaves):
        raise _ForgedError("its numbers do not have their checksum")
    return epoch, losses, leaves


def _refuse_members(stored: NpzFile, leaves: dict[str, int], most_losses: tuple[int, ...]) -> None:
    """Refuse arrays that no checkpoint has, and any that is larger than it can be, before it is read."""
    room = {
        **leaves,
        "losses": math.prod(most_losses) * 8,
        "epoch": 8,
        "checksum": 1024,
        "identity": MOST_WORDS,
    }
    if set(stored.files) != set(room):
        raise _ForgedError(f"it holds {len(stored.files)} arrays, expected {len(room)}")
    assert stored.zip is not None  # it is open
    for member in stored.zip.infolist():
        if member.file_size > room[member.filename.removesuffix(".npy")] + HEADER:
            raise _ForgedError(f"{member.filename} is larger than it can be")


def _checksum(epoch: int, losses: Losses, leaves: list[Losses]) -> str:
    arrays = [np.asarray(array) for array in (losses, *leaves)]
    words = [f"{array.dtype} {array.shape}".encode() for array in arrays]
    return hashed([str(epoch).encode(), *words, *(array.tobytes() for array in arrays)])


def remove(path: Path) -> None:
    """Remove the checkpoint of a training that is done, and what a killed one may have left half-written."""
    path.unlink(missing_ok=True)
    remove_halves(path)
