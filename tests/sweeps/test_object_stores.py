"""A store behind an address, as a local one: on a server that speaks S3, killed midway; and by file://."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from polyak.rules import Adam, HeavyBall
from polyak.sweeps import load_sweep, log, memory, search_space, sweep
from polyak.sweeps.claims import CLAIMS

LONG = 240
PLANE: dict[str, Any] = {
    "on": "ravine",
    "steps": 30,
    "chunk": 4,
    "lr": log(0.01, 3, 10),
    "momentum": memory(1, 20, 4),
}

SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()  # until who began it is gone
"""
PROGRAM = """
import sys
from polyak.rules import HeavyBall
from polyak.sweeps import log, memory, sweep
sweep(HeavyBall, on="ravine", steps=30, chunk=4, lr=log(0.01, 3, 10), momentum=memory(1, 20, 4), store=sys.argv[1],
      progress=lambda done, total: print(done, flush=True))
"""


@pytest.fixture(scope="module")
def bucket() -> Iterator[Any]:
    """The files of an empty bucket called planes."""
    pytest.importorskip("s3fs", reason="s3:// needs s3fs, which the extra s3 has")
    pytest.importorskip("moto", reason="the tests of s3:// need moto's server, which the extra test has")
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    said = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.stdout.readline().strip()}", "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1"}  # fmt: skip
    with pytest.MonkeyPatch.context() as patched:
        for name, value in said.items():
            patched.setenv(name, value)
        import s3fs

        files = s3fs.S3FileSystem()
        files.mkdir("planes")
        yield files
    assert server.stdin is not None
    server.stdin.close()
    server.wait(timeout=LONG)
    server.stdout.close()


@pytest.fixture(scope="module")
def in_memory() -> xr.Dataset:
    return sweep(HeavyBall, **PLANE)


def contents(files: Any, store: str) -> dict[str, bytes]:
    files.invalidate_cache()
    return {path.removeprefix(f"{store}/"): files.cat_file(path) for path in files.find(store)}


def test_the_store_that_a_disk_has(bucket: Any, in_memory: xr.Dataset, tmp_path: Path, files_of: Any) -> None:
    found = sweep(HeavyBall, **PLANE, store="s3://planes/a.zarr")
    xr.testing.assert_identical(found.load(), in_memory)
    xr.testing.assert_identical(load_sweep("s3://planes/a.zarr").load(), in_memory)
    sweep(HeavyBall, **PLANE, store=tmp_path / "a.zarr")
    on_disk = files_of(tmp_path / "a.zarr")
    assert on_disk.pop(f"chunk_written/{CLAIMS}") == b"", "an object store has no locks"
    assert contents(bucket, "planes/a.zarr") == on_disk


def test_several_rules(bucket: Any) -> None:
    planes = [search_space(HeavyBall, lr=[0.1, 0.2], momentum=0.5), search_space(Adam, lr=[0.1, 0.2, 0.4])]
    found = sweep(planes, steps=5, store="s3://planes/two.zarr", chunk=1)
    xr.testing.assert_identical(found.load(), sweep(planes, steps=5))


def test_killed_midway_it_goes_on(bucket: Any, in_memory: xr.Dataset) -> None:
    store = "s3://planes/killed.zarr"
    sweep(HeavyBall, **PLANE, store="s3://planes/whole.zarr")
    for least in (1, 20):
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, store], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= least:
                break
        process.kill()
        process.communicate(timeout=LONG)
    half = load_sweep(store)
    assert 0 < half.attrs["unfinished_chunks"] < 10
    told: list[int] = []
    found = sweep(HeavyBall, **PLANE, store=store, progress=lambda done, _: told.append(done))
    assert told[0] == 40 - 4 * half.attrs["unfinished_chunks"]
    xr.testing.assert_identical(found.load(), in_memory)
    assert contents(bucket, "planes/killed.zarr") == contents(bucket, "planes/whole.zarr")


def test_a_store_that_was_half_made(bucket: Any, in_memory: xr.Dataset) -> None:
    """Its root is written last: without it, it is made again."""
    sweep(HeavyBall, **PLANE, store="s3://planes/half.zarr")
    for name in ("zarr.json", "lr/zarr.json"):
        bucket.rm_file(f"planes/half.zarr/{name}")
    xr.testing.assert_identical(sweep(HeavyBall, **PLANE, store="s3://planes/half.zarr").load(), in_memory)


def test_what_is_lost_is_made_anew(bucket: Any, in_memory: xr.Dataset, refused: Any) -> None:
    store = "s3://planes/lost.zarr"
    sweep(HeavyBall, **PLANE, store=store)
    bucket.rm_file("planes/lost.zarr/final_value/c/3/0")
    with pytest.warns(match="lost.zarr: final_value/c/3/0 .* counts as unfinished"):
        assert np.isnan(load_sweep(store).final_value[3]).all()
    bucket.rm_file("planes/lost.zarr/lr/c/0")
    with refused("lost.zarr is damaged: lr/c/0"):
        load_sweep(store)
    with pytest.warns() as told:
        xr.testing.assert_identical(sweep(HeavyBall, **PLANE, store=store).load(), in_memory)
    assert ["lr/c/0" in str(told[0].message), "final_value/c/3/0" in str(told[1].message)] == [True, True]
    bucket.pipe_file("planes/lost.zarr/final_value/c/5/0", b"noise")
    with refused("lost.zarr is damaged: final_value/c/5/0 cannot be read"):
        load_sweep(store).load()


def test_what_is_no_store(bucket: Any, refused: Any) -> None:
    bucket.pipe_file("planes/other/words.txt", b"mine")
    with refused("s3://planes/other is no store of a sweep: it holds other things"):
        sweep(HeavyBall, **PLANE, store="s3://planes/other")
    assert contents(bucket, "planes/other") == {"words.txt": b"mine"}
    with refused("s3://planes/nothing.zarr: no such store"):
        load_sweep("s3://planes/nothing.zarr")
    with refused("s3://nowhere/a.zarr cannot be", "bucket"):
        sweep(HeavyBall, **PLANE, store="s3://nowhere/a.zarr")
    sweep(HeavyBall, **PLANE, store="s3://planes/mine.zarr")
    with refused("s3://planes/mine.zarr is of another sweep", "steps was 30, now 31"):
        sweep(HeavyBall, **{**PLANE, "steps": 31}, store="s3://planes/mine.zarr")


def test_by_the_address_of_a_file(tmp_path: Path, in_memory: xr.Dataset) -> None:
    """It is a folder: with its locks, whole or not at all."""
    address = f"file://{tmp_path}/a.zarr"
    xr.testing.assert_identical(sweep(HeavyBall, **PLANE, store=address).load(), in_memory)
    assert os.listdir(tmp_path) == ["a.zarr"]
    xr.testing.assert_identical(load_sweep(tmp_path / "a.zarr").load(), in_memory)


def test_an_address_in_memory(in_memory: xr.Dataset) -> None:
    """The same way as to any object store, on whatever machine."""
    store = f"memory://a-{time.monotonic_ns()}.zarr"
    xr.testing.assert_identical(sweep(HeavyBall, **PLANE, store=store).load(), in_memory)
    xr.testing.assert_identical(load_sweep(store).load(), in_memory)


def test_addresses_that_nothing_is_installed_for(refused: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("s3fs", "gcsfs"):
        monkeypatch.setitem(sys.modules, package, None)
    known = importlib.import_module("fsspec.registry")._registry
    monkeypatch.delitem(known, "s3", raising=False)
    for address, way in (("s3://a/b", "pip install 'polyak[s3]'"), ("gs://a/b", "pip install gcsfs")):
        with refused(address, "needs a package that is not installed", way):
            sweep(HeavyBall, **PLANE, store=address)
    with refused("nonsense://a/b is no place for a store"):
        load_sweep("nonsense://a/b")
