"""The gallery of figures at awkward settings, to be looked at: as they are, in grey, and as the colour-blind see them.

    python scripts/figures.py FOLDER [NAME ...]

Each figure of tests/shared/figure_gallery.py becomes a sheet of four pictures. How colours are seen without
long-wave (protan) or middle-wave (deutan) cones: the matrices of Machado, Oliveira & Fernandes (2009), severity 1, on
linear light.
"""

from __future__ import annotations

import io
import sys
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "shared"))

from figure_gallery import DRAWN

GREY = [[0.2126, 0.7152, 0.0722]] * 3
PROTAN = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
DEUTAN = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]


def seen(picture: NDArray[np.float64], matrix: list[list[float]]) -> NDArray[np.float64]:
    """A picture, sRGB from 0 to 1 of shape (rows, columns, 3), by eyes that take its linear light by a matrix."""
    light = np.where(picture <= 0.04045, picture / 12.92, ((picture + 0.055) / 1.055) ** 2.4)
    light = np.clip(light @ np.array(matrix).T, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def sheet(name: str) -> Image.Image:
    """One figure four times: as it is, in grey, protan, deutan."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        DRAWN[name]().savefig(buffer, format="png", dpi=80)
    picture = np.asarray(Image.open(buffer).convert("RGB"), dtype=np.float64) / 255
    one, grey, protan, deutan = picture, *(seen(picture, each) for each in (GREY, PROTAN, DEUTAN))
    rows = np.concatenate([np.concatenate([one, grey], axis=1), np.concatenate([protan, deutan], axis=1)])
    return Image.fromarray(np.uint8(np.round(255 * rows)))


def main(folder: Path, names: list[str]) -> None:
    """Write the sheets."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or list(DRAWN):
        sheet(name).save(folder / f"{name}.png")
        print(folder / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
