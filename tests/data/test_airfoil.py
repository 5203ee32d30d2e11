"""Where airfoil is read from: a path, POLYAK_DATA, the cache; and that its checksum is held."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyak.data import airfoil as read_airfoil

place = importlib.import_module("polyak.data.airfoil")  # the module; the function has its name


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No data at hand, no download, an empty cache."""
    monkeypatch.delenv("POLYAK_DATA", raising=False)
    monkeypatch.setenv("POLYAK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(place, "_downloaded", lambda: pytest.fail("a download was begun"))


@pytest.fixture
def folder(tmp_path: Path, airfoil_file: Path) -> Path:
    """A folder with the true file."""
    made = tmp_path / "data"
    made.mkdir()
    (made / place.FILE).write_bytes(airfoil_file.read_bytes())
    return made


def spoil(path: Path) -> Path:
    """One digit of the file changed: still a table, but not the one that everybody has."""
    text = path.read_text()
    assert text.startswith("800\t")
    path.write_text("900\t" + text.removeprefix("800\t"))
    return path


def test_what_the_file_holds(airfoil_file: Path) -> None:
    data = read_airfoil(airfoil_file, standardize=False)
    table = np.loadtxt(airfoil_file)
    assert table.shape == (1503, 6)
    np.testing.assert_array_equal(data.features, table[:, :5])
    np.testing.assert_array_equal(data.labels, table[:, 5])
    assert data.feature_names == place.FEATURES
    assert repr(data) == "Data(airfoil: 1503 rows, 5 features -> scaled sound pressure level (dB))"
    # The first row, as the file prints it.
    assert data.features[0].tolist() == [800, 0, 0.3048, 71.3, 0.00266337]
    assert data.labels[0] == 126.201


def test_it_is_standardised_as_in_the_chapter(airfoil: Any, airfoil_file: Path) -> None:
    table = np.loadtxt(airfoil_file)
    expected = (table - table.mean(axis=0)) / table.std(axis=0)
    np.testing.assert_allclose(airfoil.features, expected[:, :5], rtol=0, atol=1e-13)
    np.testing.assert_allclose(airfoil.labels, expected[:, 5], rtol=0, atol=1e-13)


def assert_read(**options: Any) -> None:
    data = read_airfoil(**options)
    assert (data.name, data.rows, data.features.shape[1]) == ("airfoil", 1503, 5)


def test_from_a_path(folder: Path) -> None:
    assert_read(path=folder / place.FILE)
    assert_read(path=str(folder / place.FILE))


def test_from_a_folder_in_polyak_data(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYAK_DATA", str(folder))
    assert_read()


def test_from_a_file_in_polyak_data(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    renamed = (folder / place.FILE).rename(folder / "airfoil.tsv")
    monkeypatch.setenv("POLYAK_DATA", str(renamed))
    assert_read()


def test_from_the_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYAK_CACHE", str(folder))
    assert_read()


def test_a_folder_without_it_leads_to_the_cache(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("POLYAK_DATA", str(tmp_path / "other"))
    monkeypatch.setenv("POLYAK_CACHE", str(folder))
    assert_read()


def test_polyak_data_goes_before_the_cache(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / place.FILE).write_text("spoilt")
    monkeypatch.setenv("POLYAK_DATA", str(folder))
    assert_read()


def test_not_at_hand_is_a_download(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    assert place.at_hand() is None
    monkeypatch.setattr(place, "_downloaded", lambda: folder / place.FILE)
    assert_read()


@pytest.mark.parametrize("kind", ["folder", "file", "cache"])
def test_a_wrong_checksum(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch, refused: Any) -> None:
    path = spoil(folder / place.FILE)
    where = {"folder": folder, "file": path, "cache": folder}[kind]
    monkeypatch.setenv("POLYAK_CACHE" if kind == "cache" else "POLYAK_DATA", str(where))
    with refused(str(path), "its checksum is", "expected 74c75fd71783...", "remove or replace it"):
        read_airfoil()
    assert path.exists(), "what is the user's is not ours to remove"


def test_a_path_may_hold_another_edition(folder: Path) -> None:
    data = read_airfoil(spoil(folder / place.FILE), standardize=False)
    assert data.features[0, 0] == 900


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("1\t2\n3\t4\n", "has 2 columns, expected the six of airfoil_self_noise.dat"),
        ("1\t2\t3\t4\t5\t6\t7\n" * 2, "has 7 columns"),
        ("1\t2\t3\t4\t5\tloud\n" * 2, "expected the six of airfoil_self_noise.dat"),
        ("", "is empty"),
        ("1\t2\t3\t4\t5\t6\n", "1 rows"),
    ],
)
def test_a_path_of_another_table(content: str, said: str, tmp_path: Path, refused: Any) -> None:
    path = tmp_path / "table.tsv"
    path.write_text(content)
    with refused("table", said):
        read_airfoil(path)


def test_a_path_that_is_not_there(tmp_path: Path, refused: Any) -> None:
    with refused("nowhere.dat", "no such file"):
        read_airfoil(tmp_path / "nowhere.dat")


@pytest.mark.parametrize("name", ["nowhere", "nowhere/deeper.dat"])
def test_polyak_data_that_is_not_there(
    name: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Any
) -> None:
    # Even where the cache has the file: what was asked for by name is not passed over.
    monkeypatch.setenv("POLYAK_CACHE", str(folder))
    monkeypatch.setenv("POLYAK_DATA", str(tmp_path / name))
    with refused("POLYAK_DATA", name, "no such file or folder"):
        read_airfoil()


def test_polyak_data_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Any
) -> None:
    (tmp_path / "data" / place.FILE).mkdir(parents=True)
    monkeypatch.setenv("POLYAK_DATA", str(tmp_path / "data"))
    with refused(place.FILE, "cannot be read", "Is a directory"):
        read_airfoil()
