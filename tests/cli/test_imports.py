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
try:
    main(sys.argv[1:])
except SystemExit as end:
    print(json.dumps([end.code, sorted({name for name in sys.modules})]))
"""
HEAVY_BALL = ["heavy_ball", "--lr", "0.6", "--momentum", "0.5"]
FIGURES = ("matplotlib", "polyak.show")
TABLES = ("xarray", "pandas", "zarr")


def imported(folder, words):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    code, names = json.loads(done.stdout.splitlines()[-1])
    assert code == 0, done
    return set(names)


@pytest.mark.parametrize(
    ("words", "absent"),
    [
        (["--help"], ("jax", "numpy", "rich.table", "optax", "sklearn", *FIGURES, *TABLES)),
        (["--version"], ("jax", "numpy", *FIGURES, *TABLES)),
        (["trace", "--help"], ("jax", "numpy", *FIGURES, *TABLES)),
        (["rules"], ("jax", "optax", "sklearn", "torch", *FIGURES, *TABLES)),
        (["rules", "heavy_ball"], ("jax", "optax", "sklearn", "torch", *FIGURES, *TABLES)),
        (["landscapes"], ("jax", "optax", "sklearn", "torch", *FIGURES, *TABLES)),
        (["trace", *HEAVY_BALL], ("optax", "sklearn", "torch", "pooch", "polyak.study", *FIGURES, *TABLES)),
        (
            ["trace", *HEAVY_BALL, "--out", "trace.svg"],
            ("matplotlib.pyplot", "optax", "sklearn", "torch", "polyak.study", *TABLES),
        ),
        (
            ["train", *HEAVY_BALL, "--data", "table.csv"],
            ("optax", "sklearn", "torch", "polyak.study", *FIGURES, *TABLES),
        ),
        # scikit-learn itself imports pandas.
        (
            ["train", *HEAVY_BALL, "--data", "diabetes"],
            ("optax", "torch", "polyak.study", "xarray", *FIGURES),
        ),
    ],
    ids=" ".join,
)
def test_what_is_not_needed_is_not_imported(tmp_path, words, absent):
    (tmp_path / "table.csv").write_text("a,b\n" + "\n".join(f"{k},{k % 3}" for k in range(12)))
    names = imported(tmp_path, words)
    assert "typer" in names
    assert not names.intersection(absent)


def test_what_is_needed_would_be_seen(tmp_path):
    names = imported(tmp_path, ["trace", "optax:sgd", "--lr", "0.1", "--out", "trace.svg"])
    assert {"jax", "optax", "matplotlib", "polyak.show"} <= names
