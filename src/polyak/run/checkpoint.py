"""A training's state on disk, so that one that was interrupted goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from polyak.errors import PolyakError
from polyak.version import __version__

ADDRESS = re.compile(r" at 0x[0-9a-f]+")  # of an object in memory: another one in another process


def fingerprint(rule: Any, problem: Any, **settings: Any) -> dict[str, str]:
    """What a training is, in words and hashes that are the same in another process."""
    params = problem.init(np.random.default_rng(0))
    shapes = [str(np.shape(leaf)) for leaf in jax.tree.leaves(params)]
    return {
        "version": __version__,
        "rule": without_addresses(str(rule)),
        **{name: str(value) for name, value in settings.items()},
        "hyper-parameters": numbers_hash(rule),
        "step": step_hash(rule, params),
        "problem": f"{problem.name} on {problem.data.name}, {' '.join(shapes)}",
        **problem_hashes(problem, params),
    }


def numbers_hash(rule: Any) -> str:
    """The numbers that a rule is set by."""
    return hashed(np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(rule))


def step_hash(rule: Any, params: Any) -> str:
    """What a rule's step computes; '' if it cannot be traced."""
    return code_hash(lambda rule, x: rule.update(x, rule.init(x), x), rule, params)


def problem_hashes(problem: Any, params: Any) -> dict[str, str]:
    """What a problem's loss computes, and the data."""
    data = problem.data
    return {
        "loss": code_hash(problem.loss, params, data.features, data.labels),
        "data": hashed([data.features.tobytes(), data.labels.tobytes()]),
    }


def save(path: Path, identity: dict[str, str], epoch: int, carry: Any, losses: Any) -> None:
    """Write the state after `epoch` epochs, whole or not at all."""
    leaves = {f"leaf{k}": np.asarray(leaf) for k, leaf in enumerate(jax.tree.leaves(carry))}
    part = _part(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            np.savez(
                file, identity=json.dumps(identity), epoch=epoch, losses=losses, allow_pickle=False, **leaves
            )
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise PolyakError(f"the checkpoint {path} cannot be written: {error.strerror}") from None


def load(path: Path, identity: dict[str, str], carry: Any) -> tuple[int, Any, Any] | None:
    """The epoch, carry and losses saved at `path`; None if there is nothing.

    Raises PolyakError if what is there is no checkpoint, or that of another training.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = dict(stored)
        found = dict(json.loads(str(arrays["identity"])))
    except FileNotFoundError:
        return None
    except Exception as error:
        raise PolyakError(f"{path} is no checkpoint of polyak ({type(error).__name__}); remove it") from None
    for name, value in identity.items():
        if found.get(name) != value:
            raise PolyakError(
                f"{path} is of another training: {name} was {found.get(name)}, now {value}; remove it to begin anew"
            )
    leaves = [arrays[f"leaf{k}"] for k in range(len(jax.tree.leaves(carry)))]
    return int(arrays["epoch"]), jax.tree.unflatten(jax.tree.structure(carry), leaves), arrays["losses"]


def remove(path: Path) -> None:
    """Remove the checkpoint of a training that is done, and what a killed one may have left half-written."""
    path.unlink(missing_ok=True)
    _part(path).unlink(missing_ok=True)


def without_addresses(text: str) -> str:
    """A text that is the same in another process."""
    return ADDRESS.sub("", text)


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def code_hash(function: Callable[..., Any], *arguments: Any) -> str:
    """What a function computes, as JAX traces it: two rules of one name may differ; '' if it cannot be traced."""
    try:
        traced = jax.make_jaxpr(function)(*arguments)
    except Exception:
        return ""
    words = without_addresses(str(traced.jaxpr)).encode()
    return hashed([words, *(np.asarray(constant).tobytes() for constant in traced.consts)])


def hashed(parts: Iterable[bytes]) -> str:
    """A short hash of bytes."""
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]
