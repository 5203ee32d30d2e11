"""The arrays of a store as their files describe them, looked at before Zarr opens any: only what we write is read."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zarr.storage import WrapperStore

from polyak.ground.errors import PolyakError
from polyak.sweeps.chunks import count
from polyak.sweeps.frames import holds
from polyak.sweeps.places import Place, in_short
from polyak.sweeps.plan import ROOT, WRITTEN, Plan

if TYPE_CHECKING:
    from zarr.abc.store import ByteRequest, Store
    from zarr.core.buffer import Buffer, BufferPrototype

SIZES = {"float64": 8, "float32": 4, "int64": 8, "int32": 4, "int8": 1}
TEXT, LONGEST = "fixed_length_utf32", 4096  # bytes of a word
CODECS = ("bytes", "zstd")


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
    found = {}
    for name in plan.sweeps:
        folder, chunk = plan.folder(name), tuple(plan.chunks[name])
        results = {variable: _layout(place, folder + variable) for variable in plan.variables[name]}
        shape = next(iter(results.values())).shape[: len(chunk)]
        for variable, layout in results.items():
            whole = (*chunk, *layout.shape[len(chunk) :])
            if not layout.compressed or layout.chunk != whole or layout.shape[: len(chunk)] != shape:
                raise _foreign(place, folder + variable, f"chunks of {layout.chunk}, expected {whole}")
            found[folder + variable] = layout
        marks, chunks = _layout(place, folder + WRITTEN), count(shape, chunk)
        if marks.shape != (chunks,) or marks.chunk != (1,) or marks.item != 1:
            raise _foreign(place, folder + WRITTEN, f"the shape {marks.shape}, expected {(chunks,)}")
        found[folder + WRITTEN] = marks
        sizes = {d: n for of in results.values() for d, n in zip(of.dims, of.shape, strict=True)}
        for coordinate in coordinate_names(results):
            layout = _layout(place, folder + coordinate, optional=coordinate == "cell")
            if layout is not None:
                if len(layout.dims) != 1 or layout.shape != (sizes.get(layout.dims[0]),):
                    raise _foreign(place, folder + coordinate, f"the shape {layout.shape}")
                found[folder + coordinate] = layout
    return found


def coordinate_names(results: dict[str, Layout]) -> list[str]:
    """The names that coordinates of some results have: of their dimensions, and of what stands beside those."""
    names = [name for layout in results.values() for name in (*layout.dims, *layout.beside)]
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


def _layout(place: Place, name: str, *, optional: bool = False) -> Any:
    """What an array's own file says; None where there is none and need not be."""
    content = place.read(f"{name}/{ROOT}")
    if content is None:
        if optional:
            return None
        raise PolyakError(f"{place.text} is torn: {name}/{ROOT} is missing")
    try:
        return _understood(json.loads(content))
    except Exception as error:  # whatever another hand may have put there
        raise _foreign(place, name, in_short(error)) from None


def _understood(about: dict[str, Any]) -> Layout:
    if about["zarr_format"] != 3 or about["node_type"] != "array" or about.get("storage_transformers"):
        raise ValueError("another kind of array")
    kind = about["data_type"]
    if isinstance(kind, dict):
        item = kind["configuration"]["length_bytes"]
        if kind["name"] != TEXT or type(item) is not int or not 0 < item <= LONGEST:
            raise ValueError("a type that no sweep has")
    else:
        item = SIZES[kind]
    codecs = [codec["name"] for codec in about["codecs"]]
    if tuple(codecs) not in (CODECS, CODECS[:1]):
        raise ValueError(f"the codecs {', '.join(map(str, codecs))}, expected {' and '.join(CODECS)}")
    grid, keys = about["chunk_grid"], about["chunk_key_encoding"]
    if grid["name"] != "regular" or keys["name"] != "default" or keys["configuration"] != {"separator": "/"}:
        raise ValueError("another grid of chunks")
    shape, chunk = tuple(about["shape"]), tuple(grid["configuration"]["chunk_shape"])
    dims = tuple(about["dimension_names"])
    numbers = all(type(n) is int for n in (*shape, *chunk)) and len(shape) == len(chunk)
    if (
        not numbers
        or not all(0 < size <= length for size, length in zip(chunk, shape, strict=True))
        or len(dims) != len(shape)
        or len(set(dims)) != len(dims)
    ):
        raise ValueError("a shape that no sweep has")
    beside = tuple(str(about.get("attributes", {}).get("coordinates", "")).split())
    for name in (*dims, *beside):
        if not isinstance(name, str) or "/" in name or name in ("", ".", ".."):
            raise ValueError("a name that no sweep has")
    return Layout(dims, shape, chunk, item, len(codecs) == 2, beside)


def _foreign(place: Place, name: str, what: str) -> PolyakError:
    return PolyakError(f"{place.text} is no store of a sweep, or is torn: {name} has {what}")
