"""The arrays of a store as their files describe them, looked at before Zarr opens any: only what we write is read."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zarr.storage import WrapperStore

from polyak.ground.errors import PolyakError
from polyak.sweeps.chunks import count
from polyak.sweeps.places import Place, in_short
from polyak.sweeps.plan import ROOT, WRITTEN, Plan, is_size, stays_inside
from polyak.sweeps.zstd_frames import holds

if TYPE_CHECKING:
    from zarr.abc.store import ByteRequest, Store
    from zarr.core.buffer import Buffer, BufferPrototype

SIZES = {"float64": 8, "float32": 4, "int64": 8, "int32": 4, "int8": 1}
TEXT, LONGEST = "fixed_length_utf32", 4096  # bytes of a word
CODECS = ("bytes", "zstd")
ALWAYS = {
    "zarr_format": 3,
    "node_type": "array",
    "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
}


@dataclass(frozen=True)
class Layout:
    """An array of a store.

    Attributes:
        dims: its dimensions.
        shape: along them.
        chunk: the shape of a chunk.
        item: bytes of a number.
        compressed: whether a chunk is a Zstandard frame, or as it is.
        beside: the coordinates that are no dimensions, by name.
    """

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    chunk: tuple[int, ...]
    item: int
    compressed: bool
    beside: tuple[str, ...]

    @property
    def chunk_bytes(self) -> int:
        """Bytes of a chunk, uncompressed."""
        return math.prod(self.chunk) * self.item


def layouts(place: Place, plan: Plan) -> dict[str, Layout]:
    """Every array of a store by its name in it, `chunk_written` and the coordinates among them.

    Raises PolyakError for a format, a type, a codec, or a shape that no sweep has.
    """
    arrays: dict[str, Layout] = {}
    for name in plan.sweeps:
        folder, chunk = plan.folder(name), tuple(plan.chunks[name])
        results = {folder + variable: _layout(place, folder + variable) for variable in plan.variables[name]}
        shape = next(iter(results.values())).shape[: len(chunk)]
        _check_results(place, results, shape, chunk)
        marks = _layout(place, folder + WRITTEN)
        if (marks.shape, marks.chunk, marks.item) != ((count(shape, chunk),), (1,), 1):
            raise _foreign(
                place, folder + WRITTEN, f"the shape {marks.shape}, expected {count(shape, chunk)} marks"
            )
        arrays |= {**results, folder + WRITTEN: marks, **_coordinates(place, folder, results)}
    return arrays


def _check_results(
    place: Place, results: dict[str, Layout], shape: tuple[int, ...], chunk: tuple[int, ...]
) -> None:
    """Refuse results that are not cut as the plan says, or not all along the same plane."""
    for name, layout in results.items():
        whole = (*chunk, *layout.shape[len(chunk) :])
        if not layout.compressed or layout.chunk != whole or layout.shape[: len(chunk)] != shape:
            raise _foreign(place, name, f"chunks of {layout.chunk}, expected {whole}")


def _coordinates(place: Place, folder: str, results: dict[str, Layout]) -> dict[str, Layout]:
    """The coordinates of some results by their names, each as long as the dimension that it lies along."""
    sizes = {dim: size for of in results.values() for dim, size in zip(of.dims, of.shape, strict=True)}
    coordinates = {}
    for name in coordinate_names(results.values()):
        if name == "cell" and not place.has(f"{folder}{name}/{ROOT}"):
            continue  # the one dimension that has none
        layout = _layout(place, folder + name)
        if len(layout.dims) != 1 or layout.shape != (sizes.get(layout.dims[0]),):
            raise _foreign(place, folder + name, f"the shape {layout.shape}")
        coordinates[folder + name] = layout
    return coordinates


def coordinate_names(results: Iterable[Layout]) -> list[str]:
    """The names that coordinates of some results have: of their dimensions, and of what stands beside those."""
    names = [name for layout in results for name in (*layout.dims, *layout.beside)]
    return list(dict.fromkeys(names))


class Bounded(WrapperStore["Store"]):
    """A store of which no chunk is read that would be larger than its array says."""

    def __init__(self, store: Store, layouts: dict[str, Layout]) -> None:
        super().__init__(store)
        self._layouts = layouts

    async def get(
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """The content of a file, if it is a whole one."""
        content = await super().get(key, prototype, byte_range)
        layout = self._layouts.get(key.partition("/c/")[0])
        if content is not None and layout is not None and "/c/" in key:
            whole = content.to_bytes()
            if not (holds if layout.compressed else _is_as_long)(whole, layout.chunk_bytes):
                raise ValueError(f"{key} is no chunk of this store")
        return content

    def _with_store(self, store: Store) -> Bounded:
        return Bounded(store, self._layouts)


def _is_as_long(content: bytes, size: int) -> bool:
    return len(content) == size


def _layout(place: Place, name: str) -> Layout:
    """What an array's own file says."""
    content = place.read(f"{name}/{ROOT}")
    if content is None:
        raise PolyakError(f"{place.text} is torn: {name}/{ROOT} is missing")
    try:
        return _understood(json.loads(content))
    except Exception as error:  # whatever another hand may have put there
        raise _foreign(place, name, in_short(error)) from None


def _understood(about: dict[str, Any]) -> Layout:
    """An array's own description, in the few words of Zarr's that we write."""
    if any(about[key] != value for key, value in ALWAYS.items()) or about.get("storage_transformers"):
        raise ValueError("another kind of array")
    codecs = tuple(codec["name"] for codec in about["codecs"])
    if codecs not in (CODECS, CODECS[:1]):
        raise ValueError(f"the codecs {', '.join(map(str, codecs))}, expected {' and '.join(CODECS)}")
    if about["chunk_grid"]["name"] != "regular":
        raise ValueError("another grid of chunks")
    shape, chunk = tuple(about["shape"]), tuple(about["chunk_grid"]["configuration"]["chunk_shape"])
    dims = tuple(about["dimension_names"])
    if not _is_shape(shape, chunk) or not len(dims) == len(set(dims)) == len(shape):
        raise ValueError("a shape that no sweep has")
    beside = tuple(str(about.get("attributes", {}).get("coordinates", "")).split())
    if not all(map(_is_name, (*dims, *beside))):
        raise ValueError("a name that no sweep has")
    return Layout(dims, shape, chunk, _item(about["data_type"]), codecs == CODECS, beside)


def _is_name(name: object) -> bool:
    return stays_inside(name) and "/" not in str(name)


def _item(kind: str | dict[str, Any]) -> int:
    """Bytes of a number, or of a word, of some type."""
    if isinstance(kind, str):
        return SIZES[kind]
    item = kind["configuration"]["length_bytes"]
    if kind["name"] != TEXT or not is_size(item) or item > LONGEST:
        raise ValueError("a type that no sweep has")
    return int(item)


def _is_shape(shape: tuple[int, ...], chunk: tuple[int, ...]) -> bool:
    """Whether an array of this shape may be cut into such chunks."""
    if len(shape) != len(chunk) or not all(map(is_size, (*shape, *chunk))):
        return False
    return all(size <= length for size, length in zip(chunk, shape, strict=True))


def _foreign(place: Place, name: str, what: str) -> PolyakError:
    return PolyakError(f"{place.text} is no store of a sweep, or is torn: {name} has {what}")
