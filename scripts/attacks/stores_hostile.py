"""Stores of another hand, every checksum set anew: refused in one line, or read as what they say; nothing is run."""

from __future__ import annotations

import json
import random
import resource
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

from attacks.kind import Kind
from attacks.stores_killed import Ground, ground
from attacks.warm import one_of
from numcodecs import zstd

from polyak.ground.errors import PolyakError
from polyak.sweeps import best
from polyak.sweeps.loading import load

ROOM = 1 << 30  # bytes beyond what a process has already
ODD: list[Any] = [
    None, True, -1, 0, 1, 2, 10**6, 10**12, 10**30, 0.5, 1e308, "", "x", "../../../etc/passwd", "/etc", "\0", "\ud800",
    "pickle", "numcodecs.pickle", "object", "|O", "float16", "complex128", [], {}, [[]], [10**9] * 3, {"id": "pickle"},
    {"name": "numcodecs.pickle"}, {"name": "vlen-utf8"}, {"name": "gzip", "configuration": {"level": 1}},
    {"name": "sharding_indexed", "configuration": {"chunk_shape": [1], "codecs": [{"name": "bytes"}]}}, "x" * 10**5,
]  # fmt: skip
BOMB = zstd.compress(bytes(ROOM * 2), 1, True)
PICKLE = b"cos\nsystem\n(S'touch CODE_WAS_RUN'\ntR."


def places(tree: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in a tree of lists and objects."""
    inside = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [found for key, value in inside for found in [(*at, key), *places(value, (*at, key))]]


def turned(tree: Any, moments: random.Random) -> Any:
    """A tree in which something was replaced, removed or added."""
    at = moments.choice(places(tree))
    inside = tree
    for key in at[:-1]:
        inside = inside[key]
    way = moments.random()
    if way < 0.7:
        inside[at[-1]] = moments.choice(ODD)
    elif way < 0.85:
        del inside[at[-1]]
    elif isinstance(inside, dict):
        inside[str(moments.choice(ODD))] = moments.choice(ODD)
    else:
        inside.append(moments.choice(ODD))
    return tree


def forged(store: Path, moments: random.Random) -> None:
    """One to three changes to the store's words, or to its chunks; then every checksum."""
    words = sorted(store.rglob("zarr.json"))
    root = store / "zarr.json"
    document = json.loads(root.read_text())
    plan = json.loads(document["attributes"]["polyak_sweep"])
    for _ in range(moments.randint(1, 3)):
        way = moments.random()
        if way < 0.2:
            plan = turned(plan, moments)
        elif way < 0.8:
            file = moments.choice([word for word in words if word != root])
            tree = json.loads(file.read_text())
            file.write_text(json.dumps(turned(tree, moments) if isinstance(tree, dict) and tree else tree))
        else:
            chunk = moments.choice([file for file in sorted(store.rglob("c/**/*")) if file.is_file()])
            chunk.write_bytes(moments.choice([BOMB, PICKLE, b"", moments.randbytes(50)]))
    if isinstance(plan, dict) and isinstance(plan.get("files"), dict):
        for name in plan["files"]:
            if isinstance(name, str) and len(name) < 200 and "\0" not in name and (store / name).is_file():
                plan["files"][name] = sha256((store / name).read_bytes()).hexdigest()
    about = document["attributes"]
    del about["polyak_sweep_sha256"]
    about["polyak_sweep"] = json.dumps(plan)
    about["polyak_sweep_sha256"] = sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    root.write_text(json.dumps(document))


def read(store: Path) -> None:
    """What `polyak best` does; an error is one line, and no memory is asked for that is not there."""
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + ROOM, held + ROOM))
    try:
        best(load(store).load())
    except PolyakError as error:
        text = str(error)
        if "\n" in text or "MemoryError" in text or str(store.name) not in text:
            if "nothing is finite" in text or "recorded" in text or "no cell" in text:
                return
            raise AssertionError(f"not the line that is expected: {text[:500]}") from error


def hostile(seed: int, shared: Ground) -> str | None:
    """Forge a copy of the whole store, and read it."""
    folder = shared.folder / f"hostile{seed}"
    store, report = folder / "a.zarr", folder / "report"
    shutil.copytree(shared.folder / "whole/a.zarr", store)
    forged(store, random.Random(seed))
    with one_of(shared.waiting) as process:
        missed = process.call(read, store, report=report)
    run = [
        file
        for place in (folder, Path())
        for file in place.glob("**/CODE_WAS_RUN" if place == folder else "CODE*")
    ]
    shutil.rmtree(folder)
    return missed or (f"code was run: {run}" if run else None)


KINDS = [Kind("a store of a hostile hand", hostile, ready=ground)]
