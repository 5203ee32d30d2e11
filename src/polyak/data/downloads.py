"""Files that are downloaded once: from POLYAK_DATA by name, from the cache, or with their checksum."""

from __future__ import annotations

import os
from pathlib import Path

from polyak.data.airfoil import cache
from polyak.ground.errors import PolyakError
from polyak.ground.extras import need


def at_hand(name: str, folder: str | None = None) -> Path | None:
    """A file of that name in a folder, in POLYAK_DATA or in the cache."""
    folders = [folder, os.environ.get("POLYAK_DATA"), str(cache())]
    places = (Path(place) / name for place in folders if place)
    return next((place for place in places if place.is_file()), None)


def fetched(url: str, checksum: str | None) -> Path:
    """A file downloaded into the cache."""
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
