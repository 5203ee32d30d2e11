"""`polyak sweep`, `best`, `show`, `compare`: the terminal says what the API returns."""

from __future__ import annotations

import numpy as np
import pytest

import polyak as pk

GRID = "--grid lr=log:0.01:1:6 --grid momentum=linear:0:0.9:4"


def test_the_plane(polyak_, folder):
    out = polyak_(f"sweep heavy_ball --steps 30 {GRID} --out plane.svg")
    ds = pk.sweep(
        pk.HeavyBall, on="ravine", steps=30, lr=pk.axes.log(0.01, 1, 6), momentum=pk.axes.linear(0, 0.9, 4)
    )
    assert out == f"{pk.best(ds)}\nwrote plane.svg\n"
    assert (folder / "plane.svg").read_bytes().startswith(b"<?xml")


def test_a_store_goes_on_and_is_shown(polyak_, folder):
    line = f"sweep heavy_ball --data diabetes --seeds 3 {GRID} --store plane.zarr"
    first = polyak_(line)
    assert first.endswith("kept in plane.zarr\n")
    assert polyak_(line) == first
    best = polyak_("best plane.zarr")
    assert best + "kept in plane.zarr\n" == first
    shown = polyak_("show plane.zarr")
    assert "final_loss" in shown
    assert (folder / "plane.svg").exists()
    ds = pk.load_sweep("plane.zarr")
    again = pk.sweep(
        pk.HeavyBall,
        on=pk.linear_regression(pk.data.diabetes()),
        seeds=3,
        lr=pk.axes.log(0.01, 1, 6),
        momentum=pk.axes.linear(0, 0.9, 4),
    )
    assert np.array_equal(ds.final_loss, again.final_loss, equal_nan=True)


def test_several_rules_and_ones_own(polyak_, folder):
    (folder / "my_rule.py").write_text(
        "def sgd(params, states, hyperparams):\n"
        "    for p, v in zip(params, states):\n"
        "        v[:] = hyperparams['momentum'] * v + hyperparams['lr'] * p.grad\n"
        "        p[:] -= v\n"
    )
    out = polyak_(
        "sweep heavy_ball,my_rule.py:sgd,optax:adam --steps 20 --grid lr=log:0.01:1:5 --heavy_ball.momentum 0.5 "
        "--my_rule.py:sgd.momentum 0.5 --grid optax:adam.b1=0,0.5,0.9"
    )
    ours, theirs, adam = [line for line in out.splitlines() if not line.startswith(" ")]
    assert ours.split(":")[1:] == theirs.split(":")[1:], "the page's function is the heavy ball"
    assert adam.startswith("optax:adam(learning_rate=")


def test_drawn_cells(polyak_):
    out = polyak_(
        "sweep adam --steps 20 --sampling latin_hypercube --cells 16 --grid lr=log:0.01:10 --grid beta1=memory:1:50"
    )
    ds = pk.sweep(
        pk.Adam,
        steps=20,
        sampling="latin_hypercube",
        cells=16,
        lr=pk.axes.log(0.01, 10),
        beta1=pk.axes.memory(1, 50),
    )
    assert out == f"{pk.best(ds)}\n"


def test_compare(polyak_, folder):
    out = polyak_(
        "compare gradient_descent heavy_ball optax:lion --data diabetes --budget 6 --seeds 3 --out page"
    )
    assert out.splitlines()[-1] == "wrote page/index.html"
    assert out.startswith("rule ")
    page = (folder / "page" / "index.html").read_text()
    for words in ("Latin hypercube", "optax:lion", "judged on 3 other seeds"):
        assert words in page
    assert {path.suffix for path in (folder / "page").iterdir()} == {".html", ".svg", ".csv"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("sweep heavy_ball", ("no axis", "--grid lr=log:")),
        ("sweep heavy_ball --grid lr", ("--grid 'lr'", "NAME=AXIS")),
        ("sweep heavy_ball --grid lr=", ("no axis",)),
        ("sweep heavy_ball --grid lr=log:1:2", ("needs momentum",)),
        ("sweep heavy_ball --grid lr=log:1:2 --momentum 0", ("says no count",)),
        ("sweep heavy_ball --grid lr=log:2:1:3 --momentum 0", ("reversed",)),
        ("sweep heavy_ball --grid lr=log:1:2:1 --momentum 0", ("one value", "as a setting")),
        ("sweep heavy_ball --grid lr=logg:1:2:3 --momentum 0", ("did you mean 'log'",)),
        ("sweep heavy_ball --grid lr=log:0:2:3 --momentum 0", ("above 0",)),
        ("sweep heavy_ball --grid lr=log:a:2:3 --momentum 0", ("'a' on an axis", "a number")),
        ("sweep heavy_ball --grid momentun=linear:0:0.9:3 --lr 1", ("did you mean --momentum",)),
        ("sweep heavy_ball --grid momentum=linear:0:1:3 --lr 1", ("goes to 1", "[0, 1)")),
        ("sweep heavy_ball --grid lr=0.1,0.2 --lr 1 --momentum 0", ("--lr is a setting and an axis",)),
        ("sweep heavy_ball --grid lr=0.1,0.2 --grid lr=1,2 --momentum 0", ("given twice",)),
        ("sweep heavy_bal --grid lr=0.1,0.2", ("did you mean 'heavy_ball'",)),
        ("sweep heavy_ball --grid nadam.lr=0.1,0.2", ("unknown rule in an axis 'nadam'",)),
        (f"sweep heavy_ball {GRID} --seeds 3 --on ravine", ("--on is of a landscape", "--seeds of data")),
        (f"sweep heavy_ball {GRID} --data diabetes --seeds many", ("seeds is 'many'",)),
        (f"sweep heavy_ball {GRID} --cells 5", ("cells has no place with a grid",)),
        (f"sweep heavy_ball {GRID} --sampling random", ("random needs cells",)),
        (f"sweep heavy_ball {GRID} --sampling latin --cells 5", ("did you mean 'latin_hypercube'",)),
        (f"sweep heavy_ball {GRID} --sampling random --cells 0", ("cells is 0",)),
        (f"sweep heavy_ball {GRID} --target low", ("target is 'low'",)),
        (f"sweep heavy_ball {GRID} --column 3", ("--column needs --data; a value to reach is --target",)),
        (f"sweep heavy_ball {GRID} --record finall", ("did you mean 'final'",)),
        (f"sweep heavy_ball {GRID} --record steps_to_target", ("needs a target",)),
        (f"sweep heavy_ball {GRID} --workers 2", ("needs a store",)),
        (f"sweep heavy_ball {GRID} --out plane.txt", ("unknown picture format 'txt'",)),
        (f"sweep heavy_ball {GRID} --steps 0", ("steps is 0",)),
        (f"sweep heavy_ball {GRID} --chunk 0", ("chunk is 0",)),
        (f"sweep heavy_ball {GRID} --dtype float16", ("unknown dtype 'float16'",)),
        ("best nowhere.zarr", ("no such store",)),
        ("show nowhere.zarr", ("no such store",)),
        ("compare heavy_ball --data diabetes", ("two at least",)),
        ("compare heavy_ball adm --data diabetes", ("did you mean 'adam'",)),
        ("compare heavy_ball adam --data diabetes --budget many", ("budget is 'many'",)),
        ("compare heavy_ball adam --data diabetes --lr 0.1", ("'--lr' has no place", "--grid RULE.NAME")),
        ("compare heavy_ball adam --data diabetes --grid adam.lr=log:1:0", ("reversed",)),
    ],
)
def test_one_clear_line(fails, line, words):
    fails(line, *words)


def test_a_store_that_is_another(polyak_, fails, folder):
    polyak_(f"sweep heavy_ball --steps 20 {GRID} --store plane.zarr")
    fails(
        f"sweep heavy_ball --steps 21 {GRID} --store plane.zarr",
        "is of another sweep",
        "steps was 20, now 21",
    )
    (folder / "file.zarr").write_text("no store")
    fails(f"sweep heavy_ball --steps 20 {GRID} --store file.zarr", "it is a file")
    fails("best file.zarr", "it is a file")


STORE = "sweep heavy_ball --momentum 0.5 --grid lr=0.1,0.2,0.4 --steps 5 --store deep/plane.zarr"


def test_show_writes_beside_the_store_and_over_nothing_but_its_own(polyak_, fails, folder):
    polyak_(STORE)
    picture = folder / "deep/plane.svg"
    assert polyak_("show deep/plane.zarr").endswith("wrote deep/plane.svg\n")
    first = picture.read_bytes()
    assert b"<dc:source>polyak show plane</dc:source>" in first
    for same in ("deep/plane.zarr/", "./deep/plane.zarr", f"file://{folder}/deep/plane.zarr"):
        picture.unlink()
        polyak_(f"show {same}")
        polyak_(f"show {same}")  # over its own
        assert picture.read_bytes() == first
    assert sorted(path.name for path in folder.iterdir()) == ["deep"], "and nothing here"
    for other in ("words", "<svg><dc:source>polyak show other</dc:source></svg>", "\udcff"):
        picture.write_bytes(other.encode("utf-8", "surrogateescape"))
        before = picture.read_bytes()
        fails("show deep/plane.zarr", "deep/plane.svg is there already", "--out")
        assert picture.read_bytes() == before
    polyak_("show deep/plane.zarr --out deep/plane.svg")
    assert picture.read_bytes() == first, "where it is told to"


def test_best_says_what_is_damaged_or_not_there_yet(here, fails, folder):
    """Of a coordinate nothing can be said; a chunk that is lost counts as unfinished."""
    here(f"{STORE} --chunk 1")
    store = folder / "deep/plane.zarr"
    (store / "chunk_written/c/1").unlink()
    told = here("best deep/plane.zarr")
    assert (told.code, told.err) == (
        0,
        "polyak: note: 1 chunks of the sweep are not there yet: their cells count as diverged\n",
    )
    (store / "final_value/c/2").unlink()
    told = here("best deep/plane.zarr")
    assert "final_value/c/2 damaged or lost" in told.err
    assert "2 chunks of the sweep are not there yet" in told.err
    for lost in ("lr/c/0", "lr/zarr.json", "final_value/zarr.json"):
        content = (store / lost).read_bytes()
        for damage in (None, content[:-1], bytes([content[0] ^ 1]) + content[1:]):
            (store / lost).unlink() if damage is None else (store / lost).write_bytes(damage)
            for command in ("best", "show"):
                fails(
                    f"{command} deep/plane.zarr", "deep/plane.zarr is damaged", lost, "the sweep's own line"
                )
            (store / lost).write_bytes(content)
    (store / "lr/c/0").unlink()
    told = here(f"{STORE} --chunk 1")
    assert "lr/c/0 was damaged or lost and is made anew" in told.err
    assert here("best deep/plane.zarr").err == ""
