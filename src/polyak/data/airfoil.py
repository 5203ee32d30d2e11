"""NASA's airfoil self-noise: 1503 measurements in a wind tunnel, the data of the chapter."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from polyak.data.catalogue import data_set
from polyak.data.dataset import Data
from polyak.data.downloads import cache, fetched
from polyak.data.tables import read
from polyak.ground.errors import PolyakError
from polyak.ground.extras import has
from polyak.ground.hashing import sha256

FILE = "airfoil_self_noise.dat"
URL = f"https://archive.ics.uci.edu/ml/machine-learning-databases/00291/{FILE}"
SHA256 = "74c75fd71783f1e6b71f8a622b993dc592897a97cd689c5090a07147a1b097b3"
FEATURES = (
    "frequency (Hz)",
    "angle of attack (degrees)",
    "chord length (m)",
    "free-stream velocity (m/s)",
    "suction side displacement thickness (m)",
)
TARGET = "scaled sound pressure level (dB)"
SOURCE = "Brooks, Pope & Marcolini (1989), NASA RP-1218; UCI Machine Learning Repository, CC BY 4.0."


def place() -> str:
    """Where the file is, or where it would come from."""
    return str(at_hand() or f"download from {URL}")


@data_set(rows=1503, features=len(FEATURES), target=TARGET, place=place)
def airfoil(path: str | Path | None = None, *, standardize: bool = True) -> Data:
    """NASA's airfoil self-noise, 1503 rows, five features and the sound level.

    It is read from `path` if given, else from POLYAK_DATA (the file, or a folder that has it), else from
    the cache, else downloaded into the cache; all but a given path must have the known checksum.

    Args:
        path: a copy of the file.
        standardize: whether to standardise features and sound level, as the chapter does.

    Raises PolyakError if it cannot be read or fetched, or its checksum is wrong.
    """
    found = Path(path) if path is not None else at_hand()
    if found is None:
        found = _downloaded()
    elif path is None:
        _check(found)
    data = read(found)
    if data.features.shape[1] != len(FEATURES) or data.classes:
        raise PolyakError(f"{found} has {data.features.shape[1] + 1} columns, expected the six of {FILE}")
    data = replace(data, name="airfoil", feature_names=FEATURES, target_name=TARGET, source=SOURCE)
    return data.standardized() if standardize else data


def at_hand() -> Path | None:
    """Where the file is without a download: in POLYAK_DATA or in the cache; None if in neither."""
    given = os.environ.get("POLYAK_DATA")
    if given:
        place = Path(given)
        if not place.exists():
            raise PolyakError(f"POLYAK_DATA is {given}: no such file or folder")
        place = place / FILE if place.is_dir() else place
        if place.exists():
            return place
    if not (os.environ.get("POLYAK_CACHE") or has("pooch")):
        return None  # nothing can have been downloaded
    cached = cache() / FILE
    return cached if cached.exists() else None


def _check(path: Path) -> None:
    try:
        found = sha256(path.read_bytes())
    except OSError as error:
        raise PolyakError(f"{path} cannot be read: {error.strerror}") from None
    if found != SHA256:
        raise PolyakError(
            f"{path}: its checksum is {found[:12]}..., expected {SHA256[:12]}...; remove or replace it"
        )


def _downloaded() -> Path:
    return fetched(URL, f"sha256:{SHA256}")
