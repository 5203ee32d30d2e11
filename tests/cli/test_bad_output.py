"""Places that cannot be written: said before anything runs, and nothing is left behind."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

LINES = {
    "trace": "trace heavy_ball --lr 0.6 --momentum 0.5",
    "train": "train heavy_ball --lr 0.01 --momentum 0.5 --data diabetes",
    "study": "study heavy_ball --lr 0.6 --momentum 0.5 --data diabetes",
}


@pytest.fixture
def idle(monkeypatch):
    """Nothing may be computed for an output that cannot be written."""
    # By its module's name: `polyak.study.study` is the function.
    module = importlib.import_module("polyak.study.study")

    def run(*_, **__):
        raise AssertionError("it ran")

    monkeypatch.setattr("polyak.run.descend", run)
    monkeypatch.setattr("polyak.run.train", run)
    monkeypatch.setattr(module, "in_order", lambda: [run])


@pytest.mark.parametrize("line", LINES.values())
def test_below_a_file(fails, folder, idle, line):
    (folder / "file.txt").write_text("mine")
    fails(
        f"{line} --out {folder}/file.txt/deep/a.svg", "file.txt/deep", "cannot be written", "Not a directory"
    )


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc here, where even root may not write")
@pytest.mark.parametrize("line", LINES.values())
def test_where_the_system_forbids_it(fails, folder, idle, line):
    fails(f"{line} --out /proc/polyak/a.svg", "/proc/polyak", "cannot be written")


@pytest.mark.parametrize("command", ["trace", "train"])
@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("a.jpg", ["unknown picture format 'jpg', did you mean 'png'?", "svg, png, pdf"]),
        ("a.tar.gz", ["unknown picture format 'gz'"]),
        ("a", ["'a' has no ending, expected one of .svg, .png, .pdf"]),
        (".svg", ["'.svg' has no ending"]),
        ("''", ["no ending"]),
        ("folder.svg", ["folder.svg cannot be written: it is a folder"]),
    ],
)
def test_what_is_no_picture(fails, folder, idle, command, out, words):
    (folder / "folder.svg").mkdir()
    fails(f"{LINES[command]} --out {out}", *words)


@pytest.mark.parametrize("out", ["''", "' '"])
def test_a_study_needs_a_folder_with_a_name(fails, idle, out):
    fails(f"{LINES['study']} --out {out}", "--out is empty", "folder")


def test_a_study_cannot_take_the_place_of_a_file(fails, folder, idle):
    (folder / "study").write_text("mine")
    fails(f"{LINES['study']} --out study", "study cannot be written")


def test_a_study_that_meets_a_folder_where_a_file_must_stand(here, folder, monkeypatch):
    # The page is written after the last section, whatever there are.
    first = importlib.import_module("polyak.study.sections").in_order()[:2]
    monkeypatch.setattr(importlib.import_module("polyak.study.study"), "in_order", lambda: first)
    (folder / "study" / "index.html").mkdir(parents=True)
    outcome = here(f"{LINES['study']} --out study --steps 2 --epochs 1 --seeds 1")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("polyak: study/index.html cannot be written: ")
    assert outcome.err.count("\n") == 1
    assert not [path for path in (folder / "study").iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("command", ["trace", "train"])
def test_bad_input_keeps_the_picture_that_is_there(fails, folder, command):
    (folder / "old.svg").write_text("<svg/>")
    fails(f"{LINES[command]} --nonsense 1 --out old.svg", "no setting --nonsense")
    fails(f"{LINES[command].replace('0.5', '1.5')} --out old.svg", "momentum is 1.5")
    fails(f"{command} heavy_bal --out old.svg", "did you mean 'heavy_ball'?")


def test_a_picture_that_fails_half_way_keeps_the_old_one(here, folder, monkeypatch):
    from matplotlib.figure import Figure

    def half(self, path, **_):
        Path(path).write_bytes(b"<svg")
        raise OSError(28, "No space left on device")

    (folder / "old.svg").write_text("<svg/>")
    monkeypatch.setattr(Figure, "savefig", half)
    outcome = here(f"{LINES['trace']} --out old.svg")
    assert outcome.code == 2
    assert outcome.err == "polyak: old.svg cannot be written: No space left on device\n"
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"old.svg": "<svg/>"}
