"""Files that are downloaded once: from POLYAK_DATA by name, from the cache, or with their checksum."""

from __future__ import annotations

import os
from pathlib import Path

from polyak.ground.errors import PolyakError
from polyak.ground.extras import need


def cache() -> Path:
    """The folder that keeps downloads: POLYAK_CACHE, else the system's own cache folder."""
    if own := os.environ.get("POLYAK_CACHE"):
        return Path(own)
    need("pooch", what="the cache of downloads", extra="data")
    import pooch

    return Path(pooch.os_cache("polyak"))


def at_hand(name: str, folder: str | None = None) -> Path | None:
    """A file of that name in a folder, in POLYAK_DATA or in the cache."""
    folders = [folder, os.environ.get("POLYAK_DATA"), str(cache())]
    places = (Path(place) / name for place in folders if place)
    return next((place for place in places if place.is_file()), None)


def fetched(url: str, checksum: str | None) -> Path:
    """A file downloaded into the cache.

    Args:
        url: its address.
        checksum: as pooch has it, `sha256:...`; None for a file that has none.

    Raises:
        PolyakError: the cache cannot be made, the address cannot be reached, or what came is another file.
    """
    name = url.rpartition("/")[2]
    need("pooch", what="a download", extra="data")
    import pooch

    pooch.get_logger().setLevel("WARNING")
    try:
        cache().mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PolyakError(
            f"the cache {cache()} cannot be made: {error.strerror}; name another in POLYAK_CACHE"
        ) from None
    try:
        return Path(pooch.retrieve(url, known_hash=checksum, fname=name, path=cache()))
    except ValueError as error:
        raise PolyakError(
            f"{url}: what came has the wrong checksum; nothing was kept ({str(error).splitlines()[0]})"
        ) from None
    except OSError as error:
        raise PolyakError(
            f"{name} is not at hand and {url} cannot be reached ({type(error).__name__}); "
            "put the file in a folder and name it in POLYAK_DATA"
        ) from None
