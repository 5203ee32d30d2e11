"""`polyak rescale`, as a user types it."""

from __future__ import annotations

import pytest


def test_in_torch_s_words(here, folder):
    found = here("rescale torch:SGD lr=0.1 momentum=0.9 --batch-size 256 --to 4096")
    assert found.code == 0, found.err
    lines = found.out.splitlines()
    assert "is, in batches of 4096, torch.optim.SGD(lr=13.0" in lines[0]
    assert [line.strip().partition(":")[0] for line in lines[1:]] == [
        "linear",
        "linear, momentum as it is",
        "square root",
    ]
    assert "Goyal et al. 2017" in lines[1]
    assert "It is stable on curvatures below" in lines[1]
    assert not list(folder.iterdir())


def test_what_it_keeps_is_computed_on_data_and_drawn(here, folder):
    found = here(
        "rescale heavy_ball lr=0.01 momentum=0.5 --batch-size 4 --to 8 --data diabetes --epochs 2 --out kept.svg"
    )
    assert found.code == 0, found.err
    assert "pk.HeavyBall(lr=0.03, momentum=0.25" in found.out
    assert found.out.count("The expected path is") == 3
    assert (folder / "kept.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("rescale torch:SGD lr=0.1", ["--batch-size 256", "--to 4096"]),
        ("rescale torch:SGD lr=0.1 --batch-size some --to 8", ["batch_size is 'some'"]),
        ("rescale torch:SGD lr=0.1 --batch-size 4 --to -8", ["to is -8"]),
        ("rescale torch:Lion lr=0.1 --batch-size 4 --to 8", ["torch 'Lion'"]),
        ("rescale heavy_bal lr=0.1 --batch-size 4 --to 8", ["heavy_ball"]),
        ("rescale adam lr=0.1 --batch-size 4 --to 8 --data diabetes", ["adam is not linear"]),
        (
            "rescale heavy_ball lr=0.1 momentum=0.5 --batch-size 4 --to 8 --data diabetes --epochs 0",
            ["epochs is 0"],
        ),
        ("rescale heavy_ball lr=0.1 momentum=0.5 --batch-size 4 --to 8 --out kept.gif", ["gif"]),
        ("rescale heavy_ball lr=0.1 momentum=0.5 --batch-size 4 --to 8000 --data diabetes", ["to is 8000"]),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(here, folder, line, words):
    found = here(line)
    assert found.code == 2, (found.out, found.err)
    assert len(found.err.splitlines()) == 1
    assert all(word in found.err for word in words), found.err
    assert not list(folder.iterdir())
