"""Stores in which something is torn, turned or missing: said in a line, and mended byte for byte by the sweep."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np
from attacks.kind import Kind
from attacks.planes import differs, sweep
from attacks.stores_killed import Ground, ground
from attacks.warm import one_of

from polyak.ground.errors import PolyakError
from polyak.sweeps.claims import CLAIMS
from polyak.sweeps.loading import load

PLANS = ("zarr.json", "chunk_written/zarr.json")  # of which one is enough


def damage(store: Path, moments: random.Random) -> list[str]:
    """Cut, turn, fill or remove one to three of its files."""
    files = (file for file in store.rglob("*") if file.is_file() and file.name != CLAIMS)
    names = sorted(str(file.relative_to(store)) for file in files)
    damaged = moments.sample(names, moments.randint(1, 3))
    for name in damaged:
        content = (store / name).read_bytes()
        place = moments.randrange(len(content))
        turned = bytes([content[place] ^ 1 << moments.randrange(8)])
        ways = {
            "cut": content[:place],
            "turned": content[:place] + turned + content[place + 1 :],
            "nothing": b"\0" * len(content),
            "noise": moments.randbytes(moments.randrange(200)),
            "longer": content + b"\0",
            "gone": b"",
        }
        way = moments.choice(list(ways))
        (store / name).write_bytes(ways[way])
        if way == "gone":
            (store / name).unlink()
    return damaged


def read(store: Path, whole: Path) -> None:
    """What can be read is what was there, or is no number."""
    try:
        found = load(store).load()
    except PolyakError:
        return
    wanted = load(whole).load()
    for name, array in wanted.coords.items():
        np.testing.assert_array_equal(found[name], array)
    for name, nothing in (("final_value", np.isnan), ("diverged_at", lambda array: array == -2)):
        there = ~nothing(found[name].values)
        np.testing.assert_array_equal(found[name].values[there], wanted[name].values[there])
        if not there.all() and not found.attrs.get("unfinished_chunks"):
            raise AssertionError(f"{name} has holes that are not said")


def torn(seed: int, shared: Ground) -> str | None:
    """Damage a copy of the whole store, read it, run the sweep on it."""
    folder, whole = shared.folder / f"torn{seed}", shared.folder / "whole/a.zarr"
    store, report = folder / "a.zarr", folder / "report"
    shutil.copytree(whole, store)
    damaged = damage(store, random.Random(seed))
    with one_of(shared.waiting) as process:
        missed = process.call(read, store, whole, report=report)
        mended = process.call(sweep, store, report=report)
    if set(PLANS) <= set(damaged):
        mended = None if mended is None or "PolyakError" in mended else mended
    else:
        mended = mended or differs(store, shared.whole)
    shutil.rmtree(folder)
    return missed or mended


KINDS = [Kind("a store with torn, turned and missing files", torn, ready=ground)]
