"""What every floor stands on: whole files, catalogues that keep themselves, packages that are missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from polyak.ground import mappings
from polyak.ground.errors import PolyakError
from polyak.ground.extras import has, need
from polyak.ground.files import HALF_WRITTEN, remove_halves, whole_file, write_whole
from polyak.ground.hashing import bytecode_hash, code_hash, numbers_hash
from polyak.ground.mappings import forget_programs, mapped
from polyak.ground.registry import Catalogue


def test_what_fails_on_the_way_leaves_the_earlier_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "losses.txt"
    write_whole(path, "0.5")

    def fail() -> None:
        with whole_file(path) as part:
            part.write_text("0.25")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"losses.txt": "0.5"}


def test_two_that_write_one_file_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "losses.txt"
    with whole_file(path) as first, whole_file(path) as second:
        assert first != second
        first.write_text("the first")
        second.write_text("the second")
    assert path.read_text() == "the first"  # it was done last
    assert len(list(tmp_path.iterdir())) == 1


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    there = tmp_path / "there.txt"
    link = tmp_path / "link.txt"
    link.symlink_to(there)
    write_whole(link, "0.5")
    assert link.is_symlink()
    assert there.read_text() == "0.5"


def test_a_full_disk_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Any) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with refused("losses.txt cannot be written: No space left on device"):
        write_whole(tmp_path / "losses.txt", b"0.5")
    assert not list(tmp_path.iterdir())


def test_only_what_was_left_beside_this_file_is_removed(tmp_path: Path) -> None:
    mine, others = f".state.7-0123abcd{HALF_WRITTEN}", f".states.7-0123abcd{HALF_WRITTEN}"
    for name in (mine, others, "state"):
        (tmp_path / name).touch()
    remove_halves(tmp_path / "state")
    assert {path.name for path in tmp_path.iterdir()} == {others, "state"}


def test_a_catalogue_keeps_ours() -> None:
    catalogue = Catalogue[str]("rule")
    catalogue.add("adam", "ours", home="polyak.rules.adam")
    catalogue.add("adam", "theirs", home="my_rules")
    assert catalogue.find("Adam") == "ours"
    catalogue.add("mine", "the first", home="my_rules")
    catalogue.add("mine", "written anew", home="my_rules")
    assert catalogue.find("mine") == catalogue.attribute("mine") == "written anew"
    assert catalogue.ours() == {"adam": "ours"}
    with pytest.raises(
        PolyakError, match=r"polyak\.rules\.other defines the rule 'adam', which polyak\.rules\.adam"
    ):
        catalogue.add("adam", "another", home="polyak.rules.other")
    with pytest.raises(AttributeError):
        catalogue.attribute("nothing")


def test_packages_that_are_missing_are_named_together() -> None:
    assert not has("no_such_module")
    with pytest.raises(PolyakError) as caught:
        need("numpy", "no_such_module", "sklearn_of_old", what="a guarantee", extra="certify")
    assert str(caught.value) == (
        "a guarantee needs no_such_module and sklearn_of_old, which are not installed: pip install 'polyak[certify]'"
    )


def test_hashes_tell_code_and_numbers_apart() -> None:
    def halved(x: Any) -> Any:
        return x / 2

    def doubled(x: Any) -> Any:
        return x * 2

    def branching(x: Any) -> Any:
        return x if x > 0 else -x

    x = np.ones(2, np.float32)
    assert code_hash(halved, x) != code_hash(doubled, x) != ""
    assert code_hash(halved, x) == code_hash(lambda x: x / 2, x)
    assert code_hash(branching, x) == ""
    assert bytecode_hash([branching]) != bytecode_hash([halved])
    assert numbers_hash({"lr": x}) != numbers_hash({"lr": 2 * x})


def test_what_was_compiled_is_forgotten_before_the_machine_maps_no_more() -> None:
    traced = []

    def double(x: jax.Array) -> jax.Array:
        traced.append(x)
        return 2 * x

    programs = [jax.jit(lambda x, k=k: jnp.sin(x) * k) for k in range(20)]
    compiled = jax.jit(double)
    for program in programs:
        program(1.0)
    assert [float(compiled(x)) for x in (3.0, 4.0)] == [6.0, 8.0]
    assert len(traced) == 1
    full = mapped()
    assert not forget_programs(2 * full)
    assert [float(compiled(3.0)), len(traced)] == [6.0, 1]
    assert forget_programs(full / 2)
    assert mapped() < full
    assert [float(compiled(3.0)), len(traced)] == [6.0, 2]


def test_where_nothing_says_how_much_may_be_mapped_nothing_is_forgotten(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(mappings, "MOST", tmp_path / "none")
    assert mapped() == 0
    assert not forget_programs()
