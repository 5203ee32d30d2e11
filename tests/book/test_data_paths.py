"""Files that a page names by a path of its own, found by their names in POLYAK_DATA."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyak.book.run.data_paths import finding, in_data


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("here", "data"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("POLYAK_DATA", str(tmp_path / "data"))
    (tmp_path / "data" / "a.dat").write_text("data's")
    return tmp_path


def test_only_a_relative_path_that_leads_nowhere_is_looked_for(place: Path) -> None:
    read = finding(open, opens=True)
    with read("../elsewhere/a.dat") as file, read(Path("a.dat"), mode="rb") as binary:
        assert (file.read(), binary.read()) == ("data's", b"data's")
    (place / "here" / "a.dat").write_text("own")
    with read("a.dat") as file:
        assert file.read() == "own"
    for path in (str(place / "none" / "a.dat"), "http://localhost/a.dat"):
        with pytest.raises(FileNotFoundError, match=path):
            read(path)


def test_what_is_written_is_written_where_it_was_said(place: Path) -> None:
    write = finding(open, opens=True)
    with write("a.dat", "w") as file:
        file.write("new")
    assert (place / "here" / "a.dat").read_text() == "new"
    assert (place / "data" / "a.dat").read_text() == "data's"


def test_who_finds_nothing_is_told_where_it_was_looked_for(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = finding(open, opens=True)
    with pytest.raises(
        FileNotFoundError, match=r"^../b.dat is not there, nor is b.dat in POLYAK_DATA, .*data$"
    ):
        read("../b.dat")
    monkeypatch.delenv("POLYAK_DATA")
    with pytest.raises(FileNotFoundError, match="and POLYAK_DATA names no folder to look in"):
        read("../b.dat")


def test_the_airfoil_data_are_found_wherever_they_are_kept(
    place: Path, airfoil_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYAK_DATA", str(airfoil_file))  # the file itself, which airfoil() takes too
    assert in_data("../data/airfoil_self_noise.dat") == airfoil_file
