"""Stores of another hand: nothing in them is run, no more is read than is there, and each is refused in one line."""

from __future__ import annotations

import json
import re
import resource
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numcodecs import zstd

from polyak.rules import HeavyBall
from polyak.sweeps import load_sweep, log, memory, sweep
from polyak.sweeps.zstd_frames import holds, is_whole

PLANE: dict[str, Any] = {"on": "ravine", "steps": 5, "record": ("final", "positions"), "lr": log(0.01, 3, 6),
                         "momentum": memory(1, 20, 4), "chunk": 8}  # fmt: skip
BYTES = {"name": "bytes", "configuration": {"endian": "little"}}
ZSTD = {"name": "zstd", "configuration": {"level": 0, "checksum": True}}


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("honest") / "a.zarr"
    sweep(HeavyBall, **PLANE, store=store)
    return store


@pytest.fixture
def store(honest: Path, tmp_path: Path) -> Path:
    return shutil.copytree(honest, tmp_path / "a.zarr")


def signed(store: Path) -> None:
    """Every checksum set anew, as who writes a store by hand would."""
    root = json.loads((store / "zarr.json").read_text())
    about = root["attributes"]
    plan = json.loads(about["polyak_sweep"])
    plan["files"] = {
        name: sha256((store / name).read_bytes()).hexdigest()
        for name in plan["files"]
        if (store / name).is_file()
    }
    about["polyak_sweep"] = json.dumps(plan)
    about.pop("polyak_sweep_sha256", None)
    about["polyak_sweep_sha256"] = sha256(json.dumps(root, sort_keys=True).encode()).hexdigest()
    (store / "zarr.json").write_text(json.dumps(root))


def changed(store: Path, array: str, **about: Any) -> None:
    file = store / array / "zarr.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **about}))
    signed(store)


FOREIGN: dict[str, dict[str, Any]] = {
    "a codec that unpickles": {"codecs": [{"name": "numcodecs.pickle"}]},
    "a codec of another name": {"codecs": [BYTES, {"name": "gzip", "configuration": {"level": 5}}]},
    "words of any length": {"codecs": [{"name": "vlen-utf8"}, ZSTD]},
    "a filter before": {
        "codecs": [{"name": "numcodecs.delta", "configuration": {"dtype": "<f8"}}, BYTES, ZSTD]
    },
    "chunks in chunks": {
        "codecs": [{"name": "sharding_indexed", "configuration": {"chunk_shape": [1, 1], "codecs": [BYTES]}}]
    },
    "no codec": {"codecs": []},
    "objects": {"data_type": "object"},
    "words": {"data_type": {"name": "variable_length_utf8", "configuration": {}}},
    "words of a gigabyte": {
        "data_type": {"name": "fixed_length_utf32", "configuration": {"length_bytes": 2**30}}
    },
    "another format": {"zarr_format": 2},
    "a group": {"node_type": "group"},
    "a transformer": {"storage_transformers": [{"name": "anything"}]},
    "other keys": {"chunk_key_encoding": {"name": "v2", "configuration": {"separator": "."}}},
    "another grid": {"chunk_grid": {"name": "rectilinear", "configuration": {}}},
    "a larger shape": {"shape": [6, 10**9]},
    "a shape below nothing": {"shape": [-6, 4]},
    "no shape": {"shape": None},
    "a shape of another kind": {"shape": [6.0, 4.0]},
    "an axis less": {"shape": [6], "dimension_names": ["lr"]},
    "larger chunks": {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [10**6, 10**6]}}},
    "chunks of nothing": {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [0, 4]}}},
    "a way out": {"dimension_names": ["../../x", "momentum"]},
    "dimensions of no name": {"dimension_names": None},
    "one dimension twice": {"dimension_names": ["lr", "lr"]},
}


@pytest.mark.parametrize("about", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("array", ["final_value", "lr", "chunk_written"])
def test_what_no_sweep_has_is_refused_before_it_is_opened(
    about: dict[str, Any], array: str, store: Path, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if array != "final_value":  # of one axis
        about = json.loads(re.sub(r"\[(-?\d[\d.]*), -?\d[\d.]*\]", r"[\1]", json.dumps(about)))
        if about in (
            {"shape": [6]},
            {"shape": [6], "dimension_names": ["lr"]},
            {"dimension_names": ["lr", "lr"]},
        ):
            about = {"shape": [5, 5]}
    changed(store, array, **about)
    monkeypatch.setattr("zarr.open_group", lambda *_, **__: pytest.fail("it was opened"))
    with refused("a.zarr is no store of a sweep, or is torn"):
        load_sweep(store)
    monkeypatch.undo()
    with refused("a.zarr is no store of a sweep, or is torn"):
        sweep(HeavyBall, **PLANE, store=store)


def test_a_store_of_the_old_format_runs_nothing(tmp_path: Path, refused: Any) -> None:
    """Zarr's format 2, whose compressor unpickled before numcodecs 0.16.6."""
    marks = tmp_path / "evil.zarr/chunk_written"
    marks.mkdir(parents=True)
    (tmp_path / "evil.zarr/.zgroup").write_text('{"zarr_format": 2}')
    (tmp_path / "evil.zarr/.zattrs").write_text(json.dumps({"polyak_sweep": "{}"}))
    (marks / ".zarray").write_text(
        json.dumps({"zarr_format": 2, "shape": [1], "chunks": [1], "dtype": "|O", "order": "C", "fill_value": None,
                    "filters": [{"id": "vlen-utf8"}], "compressor": {"id": "pickle"}})
    )  # fmt: skip
    (marks / "0").write_bytes(b"cos\nsystem\n(S'touch CODE_WAS_RUN'\ntR.")
    with refused("evil.zarr is no store of a sweep: it holds other things"):
        load_sweep(tmp_path / "evil.zarr")
    assert not list(tmp_path.rglob("CODE_WAS_RUN"))


@pytest.mark.parametrize("array", ["final_value/c/0/0", "lr/c/0", "position/c/2/0/0/0"])
def test_a_chunk_that_grows_when_it_is_read(array: str, store: Path, refused: Any) -> None:
    """A gigabyte in 33 kB: refused by what its header says, before there is room made for it."""
    bomb = zstd.compress(bytes(2**30), 19)
    assert len(bomb) < 10**5
    (store / array).write_bytes(bomb)
    signed(store)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with refused("a.zarr", array):
        load_sweep(store).load()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**19, "in kB"


def test_a_plane_that_no_memory_holds(tmp_path: Path, refused: Any) -> None:
    """Of an honest hand, too: a million million cells, of which none was computed."""
    store = tmp_path / "a.zarr"
    sweep(
        HeavyBall, on="ravine", steps=5, lr=log(0.01, 3, 6), momentum=memory(1, 20, 4), store=store, chunk=24
    )
    for variable in ("final_value", "diverged_at"):
        file = store / variable / "zarr.json"
        about = json.loads(file.read_text())
        about["shape"], about["chunk_grid"]["configuration"]["chunk_shape"] = [10**6, 10**6], [10**6, 10**6]
        file.write_text(json.dumps(about))
    for axis in ("lr", "momentum", "memory"):
        about = json.loads((store / axis / "zarr.json").read_text())
        about["shape"] = [10**6]
        about["chunk_grid"]["configuration"]["chunk_shape"] = [10**6]
        (store / axis / "zarr.json").write_text(json.dumps(about))
        (store / axis / "c/0").write_bytes(zstd.compress(np.linspace(0, 0.9, 10**6).tobytes()))
    root = json.loads((store / "zarr.json").read_text())
    plan = json.loads(root["attributes"]["polyak_sweep"])
    plan["chunks"] = {"heavy_ball": [10**6, 10**6]}
    root["attributes"]["polyak_sweep"] = json.dumps(plan)
    (store / "zarr.json").write_text(json.dumps(root))
    signed(store)
    found = load_sweep(store)
    with refused("a.zarr", "8,000.0 GB are to be read", "GB of memory are free"):
        found.final_value.load()


@pytest.mark.parametrize("name", ["../../../etc", "/etc", "a/../../b", "", "."])
def test_names_that_lead_elsewhere(name: str, store: Path, refused: Any) -> None:
    for part, value in (("variables", {"heavy_ball": [name]}), ("files", {name: "0" * 64})):
        root = json.loads((store / "zarr.json").read_text())
        plan = json.loads(root["attributes"]["polyak_sweep"])
        kept = plan[part]
        plan[part] = value
        root["attributes"]["polyak_sweep"] = json.dumps(plan)
        root["attributes"].pop("polyak_sweep_sha256")
        root["attributes"]["polyak_sweep_sha256"] = sha256(
            json.dumps(root, sort_keys=True).encode()
        ).hexdigest()
        before = (store / "zarr.json").read_bytes()
        (store / "zarr.json").write_text(json.dumps(root))
        with refused("a.zarr is torn", "leads elsewhere"):
            load_sweep(store)
        (store / "zarr.json").write_bytes(before)
        assert kept


@pytest.mark.parametrize(
    "root",
    [b"", b"[" * 10**6, b"null", b"5", b'{"attributes": 5}', b"\xff\xfe", b'{"attributes": {}}', b"{}"],
)
def test_a_root_that_is_none(root: bytes, store: Path, refused: Any) -> None:
    (store / "zarr.json").write_bytes(root)
    with refused("a.zarr is no store of a sweep"):
        load_sweep(store)


def test_frames_are_those_that_zstd_makes() -> None:
    """Headers of every width that the size has, and every frame cut anywhere or with a bit turned."""
    generator = np.random.default_rng(0)
    for size in (1, 100, 255, 256, 257, 65791, 65792, 10**6):
        content = generator.integers(0, 4, size).astype(np.uint8).tobytes()
        frame = zstd.compress(content, 0, True)
        assert holds(frame, size)
        assert is_whole(frame, size)
        assert not holds(frame, size + 1)
        assert not holds(frame, size - 1)
    content = generator.integers(0, 4, 600).astype(np.uint8).tobytes()
    frame = zstd.compress(content, 0, True)
    for length in range(len(frame)):
        assert not is_whole(frame[:length], 600)
        for bit in range(8):
            turned = bytearray(frame)
            turned[length] ^= 1 << bit
            # Where it is taken for whole, it is: some bits of a frame's header say nothing.
            assert not is_whole(bytes(turned), 600) or zstd.decompress(bytes(turned)) == content


def test_numcodecs_is_one_that_unpickles_nothing() -> None:
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert "numcodecs>=0.16.6" in project["optional-dependencies"]["sweep"]
