"""Checkpoints of `train`: forged ones are one line, and a training that was interrupted ends as the whole one."""

from __future__ import annotations

import contextlib
import importlib
import io
import random
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from attacks.kind import Kind

from polyak.data import Data
from polyak.ground.errors import PolyakError
from polyak.problems import linear_regression
from polyak.rules import Adam
from polyak.run import History, train

EPOCHS = 9
STEPS_A_CALL = 24  # two epochs of two seeds of 53 rows


@dataclass(frozen=True)
class Ground:
    """What the tries share: a folder, the unbroken training, and the checkpoint of one that was interrupted."""

    folder: Path
    whole: History
    begun: bytes


@contextlib.contextmanager
def ground() -> Iterator[Ground]:
    """A training of nine epochs in five compiled calls."""
    importlib.import_module("polyak.run.train").STEPS_A_CALL = STEPS_A_CALL
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "begun.npz"
        interrupted(file, 5)
        yield Ground(Path(folder), run(None), file.read_bytes())


def problem() -> Any:
    """Fifty-three rows, the same each time."""
    generator = np.random.default_rng(0)
    features = generator.normal(size=(53, 3))
    labels = features @ np.array([1.0, -2.0, 0.5]) + generator.normal(size=53)
    return linear_regression(Data.from_arrays(features, labels, name="small"))


def run(file: Path | None, progress: Any = None) -> History:
    """The training, whole or gone on with."""
    rule = Adam(lambda step: 0.02 * 0.3 ** (step >= 20))
    return train(rule, problem(), epochs=EPOCHS, seeds=2, dtype="float32", checkpoint=file, progress=progress)


def interrupted(file: Path, at: int) -> None:
    """The training, up to where it tells of so many epochs."""

    def progress(done: int, _total: int) -> None:
        if done >= at:
            raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt):
        run(file, progress)


def other_than(whole: History, found: History) -> str | None:
    """What differs in a bit."""
    for name in ("losses", "params", "state"):
        for ours, theirs in zip(
            *(_arrays(getattr(history, name)) for history in (found, whole)), strict=True
        ):
            if ours.dtype != theirs.dtype or ours.tobytes() != theirs.tobytes():
                return f"its {name} are not those of the whole training"
    return None


def _arrays(tree: Any) -> list[Any]:
    import jax

    return [np.asarray(leaf) for leaf in jax.tree.leaves(tree)]


def resumed(seed: int, shared: Ground) -> str | None:
    """Interrupted one to four times, at times with a half-written file beside it."""
    moments, folder = random.Random(seed), shared.folder / f"resumed{seed}"
    file = folder / "state.npz"
    for _ in range(moments.randint(1, 4)):
        interrupted(file, moments.randint(1, EPOCHS))
        if moments.random() < 0.3 and folder.exists():
            (folder / ".state.npz.7-0123abcd.partial").write_bytes(
                shared.begun[: moments.randrange(len(shared.begun))]
            )
    missed = other_than(shared.whole, run(file))
    left = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    return missed or (f"it leaves {', '.join(left)}" if left else None)


def forge(content: bytes, moments: random.Random) -> bytes:
    """The same identity with other things in it; or its bytes cut, turned or sewn together."""
    way = moments.random()
    if way < 0.3:
        place = moments.randrange(len(content))
        turned = bytes([content[place] ^ 1 << moments.randrange(8)])
        return moments.choice(
            [content[:place], content[:place] + turned + content[place + 1 :], content[place:]]
        )
    with np.load(io.BytesIO(content)) as stored:
        found: dict[str, Any] = dict(stored)
    name = moments.choice([name for name in found if name != "identity"])
    odd: list[Any] = [
        found[name][..., None], found[name].ravel()[:-1], np.float64(np.nan), np.array("words"), np.zeros((0, 3)),
        found[name] * 0 if found[name].dtype.kind in "fi" else np.zeros(3), np.zeros((1000, 1000)),
        np.int64(moments.choice([-1, 0, 2, 8, 9, 10**18])), np.zeros(3, "M8[s]"), np.zeros(3, "c16"),
    ]  # fmt: skip
    if way < 0.8:
        found[name] = moments.choice(odd)
    elif way < 0.9:
        del found[name]
    else:
        found[f"leaf{moments.randrange(99)}x"] = moments.choice(odd)
    buffer = io.BytesIO()
    np.savez(buffer, **found)
    if way > 0.95:
        with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("leaf98.npy", bytes(10**7))
    return buffer.getvalue()


def forged(seed: int, shared: Ground) -> str | None:
    """Refused in one line, and left as it is; or it was as good, and the training ends as the whole one."""
    file = shared.folder / f"forged{seed}.npz"
    content = forge(shared.begun, random.Random(seed))
    file.write_bytes(content)
    try:
        found = run(file)
    except PolyakError as error:
        text = str(error)
        kept = file.read_bytes() == content
        file.unlink()
        if not kept:
            return "it was written over"
        return None if file.name in text and "\n" not in text and len(text) < 400 else f"not the line: {text}"
    return other_than(shared.whole, found)


KINDS = [
    Kind("a checkpoint that was forged", forged, side_by_side=1, ready=ground),
    Kind("a training interrupted and gone on with", resumed, tries=200, side_by_side=1, ready=ground),
]
