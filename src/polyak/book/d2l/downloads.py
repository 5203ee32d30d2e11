"""Files that the later editions' pages download: from POLYAK_DATA by name, from the cache, or with their checksum."""

from __future__ import annotations

from polyak.data.downloads import at_hand, fetched
from polyak.ground.errors import unknown

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
