"""Files that the later editions' pages download: from POLYAK_DATA by name, from the cache, or with their checksum."""

from __future__ import annotations

import os
from pathlib import Path

from polyak.ground.errors import PolyakError, unknown
from polyak.ground.extras import need

DATA_URL = "http://d2l-data.s3-accelerate.amazonaws.com/"
DATA_HUB: dict[str, tuple[str, str]] = {
    "airfoil": (f"{DATA_URL}airfoil_self_noise.dat", "76e5be1548fd8222e5074cf0faae75edff8cf93f")
}


def download(url: str, folder: str | None = None, sha1_hash: str | None = None) -> str:
    """The place of a file on this machine.

    Args:
        url: a name in DATA_HUB, or an address.
        folder: looked in first, where it is named.
        sha1_hash: the checksum of what is downloaded.

    Raises:
        PolyakError: the file is nowhere and cannot be downloaded, or is another one.

    >>> download("airfol")
    Traceback (most recent call last):
    ...
    polyak.PolyakError: unknown data set 'airfol', did you mean 'airfoil'? (there are: airfoil)
    """
    if not url.startswith("http"):
        if url not in DATA_HUB:
            raise unknown("data set", url, DATA_HUB)
        url, sha1_hash = DATA_HUB[url]
    name = url.rpartition("/")[2]
    place = at_hand(name, folder)
    if place is None and name == "airfoil_self_noise.dat":
        from polyak.data import airfoil  # which knows where to have it from, and its checksum

        airfoil()
        place = at_hand(name)
    return str(place or fetched(url, f"sha1:{sha1_hash}" if sha1_hash else None))


def at_hand(name: str, folder: str | None = None) -> Path | None:
    """A file of that name in a folder, in POLYAK_DATA or in the cache."""
    from polyak.data.airfoil import cache

    folders = [folder, os.environ.get("POLYAK_DATA"), str(cache())]
    places = (Path(place) / name for place in folders if place)
    return next((place for place in places if place.is_file()), None)


def fetched(url: str, checksum: str | None) -> Path:
    """A file downloaded into the cache."""
    from polyak.data.airfoil import cache

    name = url.rpartition("/")[2]
    need("pooch", what="a download", extra="data")
    import pooch

    pooch.get_logger().setLevel("WARNING")
    try:
        return Path(pooch.retrieve(url, known_hash=checksum, fname=name, path=cache()))
    except ValueError:
        raise PolyakError(f"{url}: what came has the wrong checksum; nothing was kept") from None
    except OSError as error:
        raise PolyakError(
            f"{name} is not at hand and {url} cannot be reached ({type(error).__name__}); "
            "put the file in a folder and name it in POLYAK_DATA"
        ) from None
