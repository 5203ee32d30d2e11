"""Fashion-MNIST: grey pictures of clothes in ten classes, from the four files of the data set's own format (IDX).

The files are in POLYAK_DATA, in the cache, or downloaded with their checksums. Xiao, Rasul and Vollgraf (2017): 60,000
pictures of 28 x 28 to train on and 10,000 to test on.
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

import numpy as np

from polyak.data.downloads import at_hand, fetched
from polyak.ground.errors import PolyakError

Bytes: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]"

URL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
FILES = {
    "train-images-idx3-ubyte.gz": "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "md5:25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "md5:bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "md5:bb300cfdad3c16e7a12a480ee83cd310",
}
LABELS = (
    "t-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
UNSIGNED_BYTES = 8  # the kind of number, as IDX says it


def fashion_mnist(part: str) -> tuple[Bytes, Bytes]:
    """The pictures, of shape (rows, 28, 28) and from 0 to 255, and the number of each one's class.

    Args:
        part: train or t10k.

    Raises:
        PolyakError: a file is not at hand and cannot be downloaded, or is another one.
    """
    pictures, labels = (
        _file(f"{part}-{kind}-idx{axes}-ubyte.gz") for kind, axes in (("images", 3), ("labels", 1))
    )
    if len(pictures) != len(labels):
        raise PolyakError(
            f"the {part} files of Fashion-MNIST have {len(pictures)} pictures and {len(labels)} labels"
        )
    return pictures, labels


def names_of(labels: Iterable[int]) -> list[str]:
    """The names of classes.

    >>> names_of([0, 9])
    ['t-shirt', 'ankle boot']
    """
    return [LABELS[int(label)] for label in labels]


def _file(name: str) -> Bytes:
    place = at_hand(name) or at_hand(name.removesuffix(".gz")) or fetched(f"{URL}{name}", FILES[name])
    return read_idx(place)


def read_idx(path: Path) -> Bytes:
    """An array of bytes in the format IDX, gzipped or not: two zeros, 8, the number of axes, their lengths, the bytes.

    Raises:
        PolyakError: the file is none of that kind, or ends early.
    """
    content = path.read_bytes()
    try:
        content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
        zeros, kind, axes = struct.unpack(">HBB", content[:4])
        shape = struct.unpack(f">{axes}I", content[4 : 4 + 4 * axes])
    except (OSError, EOFError, struct.error):
        raise PolyakError(f"{path} is no IDX file, expected one such as Fashion-MNIST's") from None
    if zeros or kind != UNSIGNED_BYTES:
        raise PolyakError(f"{path} is no IDX file of bytes, expected one such as Fashion-MNIST's")
    numbers = np.frombuffer(content, np.uint8, offset=4 + 4 * axes)
    if numbers.size != int(np.prod(shape)):
        raise PolyakError(f"{path} has {numbers.size} numbers, its head says {int(np.prod(shape))}")
    return numbers.reshape(shape)
