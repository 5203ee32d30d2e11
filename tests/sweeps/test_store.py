"""A sweep in a store: the same as in memory, gone on with where it stopped, and never another's."""

from __future__ import annotations

import json
import math
import shutil
import warnings
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import optax
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyak.ground.errors import PolyakError
from polyak.landscapes import quadratic, ravine
from polyak.problems import Problem
from polyak.rules import Adam, Clipped, HeavyBall, from_page
from polyak.sweeps import linear, load_sweep, log, memory, search_space, sweep
from polyak.sweeps.chunks import count
from polyak.sweeps.claims import CLAIMS
from polyak.sweeps.job import Job

EVERYTHING = ("final", "best", "diverged_at", "steps_to_target", "values", "positions")
PLANE: dict[str, Any] = {
    "rule": HeavyBall,
    "on": "ravine",
    "steps": 30,
    "record": ("final", "diverged_at"),
    "lr": log(0.01, 3, 9),
    "momentum": memory(1, 20, 4),
    "chunk": 4,
}
CHUNKS = 9


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The regions that are computed, as they are."""
    regions: list[Any] = []
    compute = Job.compute

    def counted(self: Job, region: Any) -> Any:
        regions.append(region)
        return compute(self, region)

    monkeypatch.setattr(Job, "compute", counted)
    return regions


@pytest.mark.parametrize("chunk", [None, 1, 4, 7, 36, 1000])
def test_whatever_the_chunks_the_numbers_are_the_same(chunk: int | None, tmp_path: Path) -> None:
    options = {**PLANE, "record": EVERYTHING, "every": 7, "target": 1.0}
    whole = sweep(**{**options, "chunk": 36})
    in_chunks = sweep(**{**options, "chunk": chunk})
    xr.testing.assert_identical(in_chunks, whole)
    stored = sweep(**{**options, "chunk": chunk}, store=tmp_path / "a.zarr")
    xr.testing.assert_identical(stored.load(), whole)
    assert list(stored) == list(whole)
    xr.testing.assert_identical(load_sweep(tmp_path / "a.zarr").load(), whole)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_trainings_chunks_and_store(small: Problem, dtype: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "on": small,
        "epochs": 2,
        "every": 20,
        "seeds": [4, 1],
        "dtype": dtype,
        "record": ("final", "values"),
        "lr": log(0.01, 50, 40),
        "momentum": [0.0, 0.9],
    }
    whole = sweep(HeavyBall, **options, chunk=80)
    for chunk in (None, 1, 7, 33, 160):
        xr.testing.assert_identical(sweep(HeavyBall, **options, chunk=chunk), whole)
    xr.testing.assert_identical(sweep(HeavyBall, **options, chunk=9, store=tmp_path / "a.zarr").load(), whole)


def test_several_rules_in_one_store(tmp_path: Path, computed: list[Any]) -> None:
    planes = [
        search_space(HeavyBall, lr=[0.1, 0.2, 0.3], momentum=[0.0, 0.5]),
        search_space(optax.adam, learning_rate=log(0.01, 1, 5)),
    ]
    stored = sweep(planes, steps=10, store=tmp_path / "a.zarr", chunk=2)
    assert len(computed) == 3 + 3
    assert isinstance(stored, xr.DataTree)
    in_memory = sweep(planes, steps=10)
    xr.testing.assert_identical(stored.load(), in_memory)
    computed.clear()
    xr.testing.assert_identical(sweep(planes, steps=10, store=tmp_path / "a.zarr").load(), in_memory)
    assert computed == []


def test_cells_that_were_drawn_in_a_store(tmp_path: Path, computed: list[Any]) -> None:
    options: dict[str, Any] = {
        "steps": 5,
        "sampling": "latin_hypercube",
        "cells": 23,
        "seed": 3,
        "lr": log(0.01, 1),
        "momentum": memory(1, 50),
    }
    stored = sweep(HeavyBall, **options, store=tmp_path / "a.zarr", chunk=5)
    assert len(computed) == 5
    xr.testing.assert_identical(stored.load(), sweep(HeavyBall, **options))


def test_only_what_is_missing_is_run(tmp_path: Path, computed: list[Any], files_of: Any) -> None:
    store = tmp_path / "a.zarr"
    told: list[tuple[int, int]] = []
    whole = sweep(**PLANE, store=store, progress=lambda *done: told.append(done)).load()
    assert len(computed) == CHUNKS
    assert told[0] == (0, 36)
    assert told[-1] == (36, 36)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    finished = files_of(store)
    computed.clear()
    told.clear()
    xr.testing.assert_identical(
        sweep(**PLANE, store=store, progress=lambda *done: told.append(done)).load(), whole
    )
    assert computed == []
    assert set(told) == {(36, 36)}
    # Marks that are gone, and numbers that are gone: each is computed again, and nothing else.
    (store / "chunk_written/c/2").unlink()
    (store / "final_value/c/5/0").unlink()
    (store / "diverged_at/c/8/0").unlink()
    with pytest.warns(match="final_value/c/5/0, diverged_at/c/8/0 .* counts as unfinished"):
        half = load_sweep(store)
    assert half.attrs["unfinished_chunks"] == 3
    assert np.isnan(half.final_value[5]).all()
    assert (half.diverged_at[8] == -2).all()
    with pytest.warns(match=r"a\.zarr: final_value/c/5/0, diverged_at/c/8/0 were damaged or lost"):
        xr.testing.assert_identical(sweep(**PLANE, store=store).load(), whole)
    assert sorted(region[0].start for region in computed) == [2, 5, 8]
    assert files_of(store) == finished


def test_a_chunk_of_nothing_but_nan_is_there(tmp_path: Path, computed: list[Any]) -> None:
    options: dict[str, Any] = {
        "steps": 3000,
        "record": "final",
        "lr": [1e3, 2e3, 3e3],
        "store": tmp_path / "a.zarr",
    }
    found = sweep(HeavyBall, momentum=0.9, chunk=1, **options)
    assert np.isnan(found.final_value).all()
    assert "unfinished_chunks" not in found.attrs
    computed.clear()
    sweep(HeavyBall, momentum=0.9, chunk=1, **options)
    assert computed == []


def test_the_chunks_are_those_the_store_was_made_for(tmp_path: Path, computed: list[Any]) -> None:
    sweep(**PLANE, store=tmp_path / "a.zarr")
    shutil.rmtree(tmp_path / "a.zarr/chunk_written/c")
    computed.clear()
    sweep(**{**PLANE, "chunk": 36}, store=tmp_path / "a.zarr")
    assert len(computed) == CHUNKS


def shifted(x: Any) -> Any:
    return 0.1 * x[0] ** 2 + 2 * (x[1] - 1e-9) ** 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lr": log(0.01, 3, 10)}, ("axes was lr=log:0.01:3:9", "now lr=log:0.01:3:10")),
        ({"lr": log(0.01, 3.0000000001, 9)}, ("axes", "log:0.01:3.0000000001:9")),
        ({"momentum": 0.5}, ("axes",)),
        ({"steps": 31}, ("steps was 30, now 31",)),
        ({"every": 2}, ("every was 1, now 2",)),
        ({"dtype": "float32"}, ("dtype was float64, now float32",)),
        ({"record": "final"}, ("record was final, diverged_at, now final",)),
        ({"target": 0.5}, ("target was None, now 0.5",)),
        ({"on": "quartic_bowl"}, ()),
        ({"on": ravine.starting_at((-5, -2.0000000001))}, ("from (-5, -2)", "from (-5, -2.0000000001)")),
        ({"lr_in_velocity": False}, ("settings was lr_in_velocity=True, now lr_in_velocity=False",)),
        (
            {"rule": Adam, "momentum": None, "beta1": memory(1, 20, 4)},
            ("its rules were heavy_ball, now adam",),
        ),
        ({"sampling": "random", "cells": 36, "seed": 1}, ("sampling was grid, now random, 36, seed 1",)),
    ],
)
def test_another_line_is_refused_with_the_difference(
    change: dict[str, Any], words: tuple[str, ...], refused: Any, tmp_path: Path, files_of: Any
) -> None:
    store = tmp_path / "a.zarr"
    sweep(**PLANE, store=store)
    before = files_of(store)
    if change.get("on") == "quartic_bowl":
        change, words = {"on": quadratic([0.2, 4.0])}, ("landscape was ravine",)
    other = {name: value for name, value in {**PLANE, **change}.items() if value is not None}
    with refused("a.zarr is of another sweep", "name another store", *words):
        sweep(**other, store=store)
    assert files_of(store) == before


def test_code_that_changed_is_another_sweep(refused: Any, tmp_path: Path) -> None:
    """A landscape's or a rule's code under the same name, told by a hash where nothing else tells it."""
    from dataclasses import replace

    store = tmp_path / "a.zarr"
    sweep(**PLANE, store=store)
    with refused("another sweep", "function was"):
        sweep(**{**PLANE, "on": replace(ravine, function=shifted)}, store=store)

    class HeavyBall(PLANE["rule"]):  # type: ignore[misc, name-defined]
        formula = ""
        source = ""

        def step(self, g: Any, slots: Any, x: Any) -> Any:
            step, slots = super().step(g, slots, x)
            return 0.999 * step, slots

    with refused("another sweep", "step was"):
        sweep(**{**PLANE, "rule": HeavyBall}, store=store)


def falling(factor: float) -> Any:
    def lr(step: Any) -> Any:
        return 0.1 * factor**step

    return lr


def test_numbers_that_changed_are_another_sweep(refused: Any, tmp_path: Path, small: Problem) -> None:
    store = tmp_path / "a.zarr"
    sweep(HeavyBall, steps=5, lr=falling(0.5), momentum=[0.1, 0.2], store=store)
    sweep(HeavyBall, steps=5, lr=falling(0.5), momentum=[0.1, 0.2], store=store)
    with refused("another sweep", "numbers was"):
        sweep(HeavyBall, steps=5, lr=falling(0.5 + 1e-12), momentum=[0.1, 0.2], store=store)
    store = tmp_path / "b.zarr"
    options: dict[str, Any] = {"epochs": 1, "lr": [0.1, 0.2], "momentum": 0.5, "store": store}
    sweep(HeavyBall, on=small, **options)
    for change, word in (
        ({"seeds": 2}, "seeds was 0, now 0, 1"),
        ({"batch_size": 9}, "batch_size was 10, now 9"),
        ({"epochs": 2}, "epochs was 1, now 2"),
        ({"momentum": 0.6}, "momentum=0.5"),
    ):
        with refused("another sweep", word):
            sweep(HeavyBall, on=small, **{**options, **change})
    moved = small.data.from_arrays(small.data.features, small.data.labels + 1e-9, name="small")
    with refused("another sweep", "data was"):
        sweep(HeavyBall, on=Problem(small.name, moved, small.loss, small.init, ""), **options)


def test_what_is_no_store(refused: Any, tmp_path: Path, files_of: Any) -> None:
    (tmp_path / "file").write_text("words")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/words").write_text("words")
    xr.Dataset({"a": ("x", [1.0, 2.0])}).to_zarr(tmp_path / "other.zarr", consolidated=False)
    before = files_of(tmp_path)
    for name, words in (
        ("file", "it is a file"),
        ("folder", "holds other things"),
        ("other.zarr", "not made by"),
    ):
        with refused(name, "no store of a sweep", words):
            sweep(**PLANE, store=tmp_path / name)
        with refused(name, "no store of a sweep", words):
            load_sweep(tmp_path / name)
    with refused("no such store"):
        load_sweep(tmp_path / "nothing.zarr")
    for bad in (5, "", b"a", ["a"]):
        with refused("store is", "expected a folder's name"):
            sweep(**PLANE, store=bad)  # type: ignore[arg-type]
    with refused("file/a.zarr"):
        sweep(**PLANE, store=tmp_path / "file/a.zarr")
    with refused("File name too long"):
        sweep(**PLANE, store=tmp_path / ("a" * 300))
    assert files_of(tmp_path) == before


def test_an_empty_folder_is_room_for_a_store(tmp_path: Path) -> None:
    (tmp_path / "a.zarr").mkdir()
    assert sweep(**PLANE, store=tmp_path / "a.zarr").final_value.shape == (9, 4)
    assert sweep(**PLANE, store=tmp_path / "deep/er/b.zarr").final_value.shape == (9, 4)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zarr", "deep"]


def changed_plan(store: Path, change: Any) -> None:
    """A plan changed by a hand that sets its checksum too."""
    root = json.loads((store / "zarr.json").read_text())
    about = root["attributes"]
    about["polyak_sweep"] = json.dumps(change(json.loads(about["polyak_sweep"])))
    del about["polyak_sweep_sha256"]
    about["polyak_sweep_sha256"] = sha256(json.dumps(root, sort_keys=True).encode()).hexdigest()
    (store / "zarr.json").write_text(json.dumps(root))


def test_a_newer_format_is_refused(refused: Any, tmp_path: Path, files_of: Any) -> None:
    store = tmp_path / "a.zarr"
    sweep(**PLANE, store=store)
    changed_plan(store, lambda plan: {**plan, "format": 3})
    before = files_of(store)
    for what in (lambda: sweep(**PLANE, store=store), lambda: load_sweep(store)):
        with refused("made by a newer polyak", "format is 3", "reads 2"):
            what()
    assert files_of(store) == before


@pytest.mark.parametrize("what", ["polyak", "jax", "jaxlib", "numpy", "values", "processor"])
def test_another_version_or_machine_is_a_difference(refused: Any, tmp_path: Path, what: str) -> None:
    """What may round otherwise, or draw other cells."""
    store = tmp_path / "a.zarr"
    sweep(**PLANE, store=store)
    changed_plan(
        store,
        lambda plan: {**plan, "sweeps": {"heavy_ball": {**plan["sweeps"]["heavy_ball"], what: "0.0.1"}}},
    )
    with refused(f"{what} was 0.0.1, now"):
        sweep(**PLANE, store=store)


def test_a_schedule_is_run_again_from_the_store_alone(tmp_path: Path, computed: list[Any]) -> None:
    """Its values at every step are in the attributes: the same numbers, and the same store goes on."""
    store = tmp_path / "a.zarr"
    stored = sweep(HeavyBall, steps=50, lr=falling(0.9), momentum=[0.1, 0.2, 0.5], store=store).load()
    said = load_sweep(store).attrs
    assert json.loads(said["settings"])["lr"] == "a schedule"
    table = np.array(json.loads(said["schedules"])["lr"])
    np.testing.assert_array_equal(table, [0.1 * 0.9**k for k in range(50)])
    computed.clear()
    again = sweep(
        HeavyBall, steps=said["steps"], lr=lambda step: table[step], momentum=[0.1, 0.2, 0.5], store=store
    )
    assert computed == []
    xr.testing.assert_identical(again.load(), stored)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("finished") / "a.zarr"
    sweep(**PLANE, store=store)
    return store


def torn_files(store: Path) -> list[str]:
    """But for the file that locks are held on, which holds nothing."""
    files = (path for path in store.rglob("*") if path.is_file() and path.name != CLAIMS)
    return sorted(str(path.relative_to(store)) for path in files)


@given(data=st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_torn_is_one_line_or_the_same_numbers(
    data: Any, finished: Path, files_of: Any, tmp_path: Path
) -> None:
    """A file deleted, cut short, filled with noise or changed in a byte: never other numbers, never another error."""
    store = tmp_path / "a.zarr"
    shutil.rmtree(store, ignore_errors=True)
    shutil.copytree(finished, store)
    name = data.draw(st.sampled_from(torn_files(finished)))
    whole = (store / name).read_bytes()
    tear = data.draw(st.sampled_from(["delete", "cut", "noise", "flip", "words"]))
    if tear == "delete":
        (store / name).unlink()
    elif tear == "cut":
        (store / name).write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    elif tear == "noise":
        (store / name).write_bytes(data.draw(st.binary(max_size=100)))
    elif tear == "words":
        (store / name).write_text(
            data.draw(st.sampled_from(["", "{}", "[]", "null", "5", '{"attributes": {}}']))
        )
    else:
        place = data.draw(st.integers(0, len(whole) - 1))
        (store / name).write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
    # Without the sweep's line: what is damaged is said, or is no number.
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*counts as unfinished")
            found = load_sweep(store).load()
    except PolyakError as error:
        assert "a.zarr" in str(error)  # noqa: PT017
    else:
        for variable in ("final_value", "diverged_at"):
            read, wanted = found[variable].values, load_sweep(finished)[variable].values
            unfinished = np.isnan(read) if variable == "final_value" else read == -2
            np.testing.assert_array_equal(read[~unfinished], wanted[~unfinished])
            assert unfinished.any() <= ("unfinished_chunks" in found.attrs)
        for coordinate in ("lr", "momentum", "memory"):
            xr.testing.assert_identical(found[coordinate], load_sweep(finished)[coordinate])
    # With it: byte for byte what it was.
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        sweep(**PLANE, store=store)
    assert files_of(store) == files_of(finished)
    # A mark that is gone is a chunk that is not there yet; whatever else was mended is named.
    said = [str(line.message) for line in told]
    assert (name.startswith("chunk_written/c/") and tear == "delete") or any(name in line for line in said)


def test_noise_in_a_chunk_is_said_where_it_is_read(finished: Path, tmp_path: Path, refused: Any) -> None:
    store = tmp_path / "a.zarr"
    shutil.copytree(finished, store)
    (store / "final_value/c/3/0").write_bytes(b"noise")
    found = load_sweep(store)
    np.testing.assert_array_equal(found.final_value[:3], load_sweep(finished).final_value[:3])
    with refused("a.zarr", "final_value", "cannot be read"):
        found.final_value.load()


def test_a_store_that_cannot_be_written(
    finished: Path, tmp_path: Path, refused: Any, monkeypatch: pytest.MonkeyPatch, files_of: Any
) -> None:
    store = tmp_path / "a.zarr"
    shutil.copytree(finished, store)
    (store / "chunk_written/c/2").unlink()
    before = files_of(store)

    def denied(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr("zarr.storage._local._put", denied)
        with refused("cannot be written", "Permission denied"):
            sweep(**PLANE, store=store)
        assert files_of(store) == before
        with refused("cannot be written", "Permission denied"):
            sweep(**PLANE, store=tmp_path / "b.zarr")
    assert sweep(**PLANE, store=store).load().identical(load_sweep(finished).load())


def test_a_disk_that_fills_up_mid_run(
    tmp_path: Path, refused: Any, monkeypatch: pytest.MonkeyPatch, computed: list[Any]
) -> None:
    from zarr.storage import _local

    put, left = _local._put, [10]

    def filling(*arguments: Any, **options: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        return put(*arguments, **options)

    store = tmp_path / "a.zarr"
    with monkeypatch.context() as patched:
        patched.setattr(_local, "_put", filling)
        with refused("cannot be read or written", "No space left on device"):
            sweep(**PLANE, store=store)
    there = CHUNKS - load_sweep(store).attrs["unfinished_chunks"]
    assert 0 < there < CHUNKS
    computed.clear()
    xr.testing.assert_identical(sweep(**PLANE, store=store).load(), sweep(**PLANE))
    assert len(computed) == CHUNKS - there + CHUNKS


def test_more_cells_than_the_disk_holds(
    tmp_path: Path, refused: Any, monkeypatch: pytest.MonkeyPatch, computed: list[Any]
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=36 * 12 - 1))
    with refused("36 cells", "GB free"):
        sweep(**PLANE, store=tmp_path / "a.zarr")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10**12))
    with refused("100,000,000,000,000 cells", "1,200,000.0 GB", "1,000.0 GB free"):
        sweep(HeavyBall, lr=linear(0.1, 1, 10**7), momentum=linear(0, 0.9, 10**7), store=tmp_path / "a.zarr")
    with refused("1,000,000,000,000 cells"):
        sweep(
            HeavyBall,
            lr=log(0.1, 1),
            momentum=0.5,
            sampling="random",
            cells=10**12,
            store=tmp_path / "a.zarr",
        )
    assert computed == []
    assert list(tmp_path.iterdir()) == []


def test_more_than_memory_holds_needs_a_store(refused: Any) -> None:
    with refused("does not fit into memory", "store"):
        sweep(HeavyBall, lr=linear(0.1, 1, 10**5), momentum=linear(0, 0.9, 10**5))


def test_the_attributes_suffice_to_run_it_again(finished: Path) -> None:
    from polyak.sweeps import axis_from

    said = load_sweep(finished).attrs
    axes = {name: axis_from(text) for name, text in json.loads(said["axes"]).items()}
    again = sweep(HeavyBall, on=said["on"], steps=said["steps"], dtype=said["dtype"], **axes)
    xr.testing.assert_identical(again, load_sweep(finished).load())
    assert math.prod(again.final_value.shape) == 36
    assert count((9, 4), (1, 4)) == CHUNKS


def test_a_chunk_is_marked_after_its_numbers(
    tmp_path: Path, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the numbers of a chunk cannot be written, its mark is not set."""
    from zarr.storage import _local

    put = _local._put

    def failing(path: Path, *arguments: Any, **options: Any) -> Any:
        if str(path).endswith("diverged_at/c/5/0"):
            raise OSError(5, "Input/output error")
        return put(path, *arguments, **options)

    store = tmp_path / "a.zarr"
    with monkeypatch.context() as patched:
        patched.setattr(_local, "_put", failing)
        with refused("Input/output error"):
            sweep(**PLANE, store=store)
    assert (store / "chunk_written/c/4").exists()
    assert not (store / "chunk_written/c/5").exists()
    xr.testing.assert_identical(sweep(**PLANE, store=store).load(), sweep(**PLANE))


PAGE = """
def looking_in_a_store(params, states, hyperparams):
    for p in params:
        if float(abs(p.grad.value).max()) < 100:
            p[:] -= {} * hyperparams["lr"] * p.grad
"""


@pytest.mark.filterwarnings("ignore:.* runs step by step")
def test_a_pages_function_that_cannot_be_traced_and_has_changed(refused: Any, tmp_path: Path) -> None:
    def rule(factor: float) -> Any:
        page: dict[str, Any] = {}
        exec(PAGE.format(factor), page)
        return from_page(page["looking_in_a_store"], lr=0.1)

    options: dict[str, Any] = {"steps": 3, "lr": [0.1, 0.2], "store": tmp_path / "a.zarr"}
    sweep(rule(1.0), **options)
    sweep(Clipped(rule(1.0), 9.0), **{**options, "store": tmp_path / "b.zarr"})
    sweep(rule(1.0), **options)
    with refused("another sweep", "step was"):
        sweep(rule(1.5), **options)
