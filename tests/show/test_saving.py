"""Pictures on disk: whole or not at all, in the formats that there are, where one may write."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyak.show import save
from polyak.show.places import check_folder, picture_format
from polyak.show.style import in_style, new_figure


@pytest.fixture
def figure():
    with in_style():
        figure = new_figure(4, 3)
        figure.subplots().plot([1, 2])
    return figure


@pytest.mark.parametrize(
    ("name", "begins"),
    [("a.svg", b"<?xml"), ("a.PNG", b"\x89PNG"), ("a.b.pdf", b"%PDF"), ("new/folder/a.svg", b"<?xml")],
)
def test_formats(figure, tmp_path, name, begins):
    path = save(figure, tmp_path / name)
    assert path == tmp_path / name
    assert path.read_bytes().startswith(begins)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_the_same_figure_is_the_same_file(figure, tmp_path, ending):
    first, second = (save(figure, tmp_path / f"{name}.{ending}") for name in "ab")
    assert first.read_bytes() == second.read_bytes()
    for date in (b"<dc:date>", b"CreationDate"):
        assert date not in first.read_bytes()


def test_a_name_as_a_string_in_this_folder(figure, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert save(figure, "a.svg") == Path("a.svg")
    assert (tmp_path / "a.svg").exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.jpg", ["unknown picture format 'jpg'", "svg, png, pdf"]),
        ("a", ["'a' has no ending", ".svg, .png, .pdf"]),
    ],
)
def test_other_endings_are_refused(figure, tmp_path, refused, name, words):
    with refused(*words):
        save(figure, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written(figure, tmp_path, refused):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder.svg").mkdir()
    with refused("file/a.svg cannot be written"):
        save(figure, tmp_path / "file" / "a.svg")
    with refused("folder.svg cannot be written"):
        save(figure, tmp_path / "folder.svg")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.svg"]


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), RuntimeError("broken"), KeyboardInterrupt()]
)
def test_what_fails_half_way_keeps_the_old_file(figure, tmp_path, monkeypatch, error):
    def half(self, path, **_):
        Path(path).write_bytes(b"<svg")
        raise error

    (tmp_path / "old.svg").write_text("<svg/>")
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", half)
    with pytest.raises((ValueError, RuntimeError, KeyboardInterrupt)):
        save(figure, tmp_path / "old.svg")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"old.svg": "<svg/>"}


def test_what_is_written_is_complete_before_it_has_its_name(figure, tmp_path, monkeypatch):
    seen = []
    replace = Path.replace

    def watched(part, path):
        seen.append((part.read_bytes()[-7:], path.read_text()))
        return replace(part, path)

    (tmp_path / "old.svg").write_text("<svg/>")
    monkeypatch.setattr(Path, "replace", watched)
    save(figure, tmp_path / "old.svg")
    assert seen == [(b"</svg>\n", "<svg/>")]


@pytest.mark.parametrize(("name", "found"), [("a.svg", "svg"), ("A.PDF", "pdf"), ("a.b.Png", "png")])
def test_picture_formats(name, found):
    assert picture_format(Path(name)) == found


def test_a_folder_is_checked_without_a_trace(tmp_path, refused):
    check_folder(tmp_path / "not" / "there" / "yet")
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").write_text("mine")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with refused(f"{folder} cannot be written: Not a directory"):
            check_folder(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
