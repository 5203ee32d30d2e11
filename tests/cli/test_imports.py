"""What a command does not need it does not import: JAX alone takes most of a second, pyplot as long."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from patience import PATIENCE

SCRIPT = """
import json, sys
from polyak.cli import main
for words in json.loads(sys.argv[1]):
    try:
        main(words)
    except SystemExit as end:
        print(json.dumps([end.code, sorted(sys.modules)]))
"""
HEAVY_BALL = ["heavy_ball", "--lr", "0.6", "--momentum", "0.5"]
FIGURES = ("matplotlib", "polyak.show")
TABLES = ("xarray", "pandas", "zarr")

# One after the other in one process: what is absent after a line was absent after those before it.
LINES = [
    (["--help"], ("jax", "numpy", "rich.table", "optax", "sklearn", *FIGURES, *TABLES)),
    (["--version"], ("jax", "numpy", *FIGURES, *TABLES)),
    (["trace", "--help"], ("jax", "numpy", *FIGURES, *TABLES)),
    (["sweep", "--help"], ("jax", "numpy", *FIGURES, *TABLES)),
    (["rules"], ("jax", "optax", "sklearn", "torch", *FIGURES, *TABLES)),
    (["rules", "heavy_ball"], ("jax", "optax", "sklearn", "torch", *FIGURES, *TABLES)),
    (["landscapes"], ("jax", "optax", "sklearn", "torch", *FIGURES, *TABLES)),
    (["trace", *HEAVY_BALL], ("optax", "sklearn", "torch", "pooch", "polyak.study", *FIGURES, *TABLES)),
    (
        ["train", *HEAVY_BALL, "--data", "table.csv"],
        ("optax", "sklearn", "torch", "polyak.study", *FIGURES, *TABLES),
    ),
    # scikit-learn itself imports pandas.
    (["train", *HEAVY_BALL, "--data", "diabetes"], ("optax", "torch", "polyak.study", "xarray", *FIGURES)),
]
DRAWN = [
    (
        ["trace", *HEAVY_BALL, "--out", "trace.svg"],
        ("matplotlib.pyplot", "optax", "sklearn", "torch", "polyak.study", *TABLES),
    ),
    (["trace", "optax:sgd", "--lr", "0.1", "--out", "trace.svg"], ()),
]


def imported(folder, lines):
    """The modules that a process has after each of these lines."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(lines)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    ends = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('[0, ["')]
    assert len(ends) == len(lines), done
    return [set(names) for _, names in ends]


@pytest.mark.parametrize("lines", [LINES, DRAWN], ids=["numbers", "pictures"])
def test_what_is_not_needed_is_not_imported(tmp_path, lines):
    (tmp_path / "table.csv").write_text("a,b\n" + "\n".join(f"{k},{k % 3}" for k in range(12)))
    after = imported(tmp_path, [words for words, _ in lines])
    for (words, absent), names in zip(lines, after, strict=True):
        assert "typer" in names
        assert not names.intersection(absent), words
    if lines is DRAWN:  # what is needed would be seen
        assert {"jax", "optax", "matplotlib", "polyak.show"} <= after[-1]
