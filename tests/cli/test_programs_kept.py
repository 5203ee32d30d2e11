"""What a command compiled is kept for the next process, in the user's cache, and half a program harms nobody."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from polyak.ground.programs import FOLDER, begin_anew, bound, kept, remember_programs

LINE = "trace heavy_ball --lr 0.6 --momentum 0.5"


@pytest.fixture(autouse=True)
def nowhere_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the tests keep theirs is not said."""
    monkeypatch.delenv(FOLDER)


def programs(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*-cache")}


def test_programs_are_kept_and_one_that_is_half_there_is_made_again(
    process: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """That the half is noticed is how we know that what is kept is read."""
    cache = tmp_path_factory.mktemp("cache")
    first = process(LINE, POLYAK_CACHE=str(cache))
    made = programs(cache)
    assert {name.partition("-")[0] for name in made} >= {"jit__descent"}
    for path in cache.rglob("*-cache"):
        path.write_bytes(made[path.name][:100])
    again = process(LINE, POLYAK_CACHE=str(cache))
    assert (again.returncode, again.stdout, again.stderr) == (0, first.stdout, "")
    whole = {name: text for name, text in programs(cache).items() if len(text) > 100}
    assert {name.partition("-")[0] for name in whole} >= {"jit__descent"}


def test_a_cache_that_cannot_be_made_is_done_without(process: Any, folder: Path) -> None:
    (folder / "file").write_text("in the way")
    done = process(LINE, POLYAK_CACHE=str(folder / "file"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "x1 0.007188" in done.stdout


def test_the_users_own_cache_and_a_jax_that_is_there_are_left_alone(folder: Path) -> None:
    import jax  # noqa: F401 - it is there

    remember_programs(folder / "kept")
    assert FOLDER not in os.environ
    assert not (folder / "kept").exists()


def test_room_is_bounded_and_the_least_used_go_first(folder: Path) -> None:
    for k in range(10):
        path = folder / "a" / f"{k}-cache"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(1000))
        os.utime(path, (100 - k, 0))  # the last was used first
    assert bound(folder, 10_000) == 0
    assert bound(folder, 8_000) == 4  # three quarters of 8,000 are left
    assert sorted(programs(folder)) == [f"{k}-cache" for k in range(6)]
    assert kept(folder) == (6, 6000)


def test_only_warnings_of_the_cache_are_of_the_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, str(folder / "own"))
    (folder / "own").mkdir()
    (folder / "own" / "a-cache").write_bytes(b"half")
    assert not begin_anew("overflow encountered")
    assert programs(folder) == {"a-cache": b"half"}
    assert begin_anew("Error reading persistent compilation cache entry for 'jit_f': ZstdError")
    assert programs(folder) == {}
    assert (folder / "own").is_dir()
