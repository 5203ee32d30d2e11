"""Where a store stands, a folder on a disk or a prefix in an object store, as names and bytes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zarr.storage import FsspecStore, LocalStore

from polyak.ground.errors import PolyakError
from polyak.ground.extras import installing
from polyak.ground.files import HALF_WRITTEN, to_disk, whole_file

if TYPE_CHECKING:
    from zarr.abc.store import Store

ON_DISK = ("file://", "local://")
PACKAGES = {
    "s3": installing("s3"),
    "s3a": installing("s3"),
    "gs": "pip install gcsfs",
    "gcs": "pip install gcsfs",
}  # what an address needs


class Folder:
    """A store on a disk.

    Attributes:
        text: the store as it was named.
        folder: the same without file://.
        root: the folder itself, links followed.
    """

    def __init__(self, text: str, folder: str | None = None) -> None:
        self.text = text
        self.folder = text if folder is None else folder
        self.root = Path(os.path.realpath(self.folder))

    def zarr(self, *, read_only: bool = True) -> Store:
        """The store as Zarr sees it."""
        return LocalStore(self.root, read_only=read_only)

    def read(self, name: str) -> bytes | None:
        """The content of a file; None where there is none."""
        try:
            return (self.root / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def read_many(self, names: Iterable[str]) -> dict[str, bytes]:
        """The contents of files, by name; of those that are there."""
        return {name: found for name in names if (found := self.read(name)) is not None}

    def names(self, under: str) -> set[str]:
        """The files below a folder of the store."""
        root = str(self.root)
        return {
            os.path.join(folder, file)[len(root) + 1 :].replace(os.sep, "/")
            for folder, _, files in os.walk(self.root / under)
            for file in files
            if not file.endswith(HALF_WRITTEN)
        }

    def has(self, name: str) -> bool:
        """Whether a file is there."""
        return (self.root / name).is_file()

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all, and wait until it is on the disk."""
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(file) as part:
            part.write_bytes(content)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        (self.root / name).unlink(missing_ok=True)

    def settle(self, name: str) -> None:
        """Wait until a file that Zarr wrote is on the disk: a loss of power must not undo what is marked as there."""
        file = self.root / name
        to_disk(file)
        to_disk(file.parent)


class Bucket:
    """A store behind an address that fsspec knows: s3://, gs://, memory:// ...

    Attributes:
        text: the store as it was named.
    """

    def __init__(self, text: str) -> None:
        import fsspec

        self.text = text
        protocol = text.partition("://")[0]
        try:
            self._files, path = fsspec.core.url_to_fs(text)
        except ImportError as error:
            way = PACKAGES.get(protocol, str(error))
            raise PolyakError(f"{text} needs a package that is not installed: {way}") from None
        except ValueError as error:
            raise PolyakError(f"{text} is no place for a store: {error}") from None
        self._path = str(path).rstrip("/")

    def zarr(self, *, read_only: bool = True) -> Store:
        """The store as Zarr sees it."""
        return FsspecStore.from_url(self.text, read_only=read_only)

    def read(self, name: str) -> bytes | None:
        """The content of an object; None where there is none."""
        try:
            return bytes(self._files.cat_file(f"{self._path}/{name}"))
        except FileNotFoundError:
            return None

    def read_many(self, names: Iterable[str]) -> dict[str, bytes]:
        """The contents of objects, by name; of those that are there."""
        paths = {f"{self._path}/{name}": name for name in names}
        if not paths:
            return {}
        found: dict[str, Any] = self._files.cat(list(paths), on_error="return")
        for error in found.values():
            if isinstance(error, Exception) and not isinstance(error, FileNotFoundError):
                raise error
        return {paths[path]: bytes(found[path]) for path in paths if isinstance(found.get(path), bytes)}

    def names(self, under: str) -> set[str]:
        """The objects below a prefix of the store."""
        self._files.invalidate_cache()
        start = len(self._path) + 1
        return {str(path)[start:] for path in self._files.find(f"{self._path}/{under}".rstrip("/"))}

    def top(self) -> set[str]:
        """The first parts of the names that are there."""
        self._files.invalidate_cache()
        try:
            found = self._files.ls(self._path, detail=False)
        except FileNotFoundError:
            return set()
        return {str(path).rstrip("/").rpartition("/")[2] for path in found} - {""}

    def has(self, name: str) -> bool:
        """Whether an object is there."""
        self._files.invalidate_cache()
        return bool(self._files.exists(f"{self._path}/{name}"))

    def write(self, name: str, content: bytes) -> None:
        """Write an object, which is there whole or not at all."""
        self._files.pipe_file(f"{self._path}/{name}", content)

    def remove(self, name: str) -> None:
        """Remove an object, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            self._files.rm_file(f"{self._path}/{name}")

    def settle(self, name: str) -> None:
        """Nothing: what an object store has taken, it keeps."""


Place = Folder | Bucket


def place_of(store: object) -> Place:
    """The place that a user named: a folder, or an address such as s3://bucket/plane.zarr."""
    if isinstance(store, Folder | Bucket):
        return store
    if not isinstance(store, str | os.PathLike) or not str(store):
        raise PolyakError(f"store is {store!r}, expected a folder's name, such as plane.zarr")
    text = str(store)
    for start in ON_DISK:
        if text.startswith(start):
            return Folder(text, text.removeprefix(start))
    return Bucket(text) if "://" in text else Folder(text)


@contextlib.contextmanager
def one_line(path: str) -> Iterator[None]:
    """A store that fails, in one line."""
    try:
        yield
    except PolyakError:
        raise
    except PermissionError as error:
        raise PolyakError(f"{path} cannot be written: {error.strerror}") from None
    except Exception as error:  # what is torn fails in many ways
        raise PolyakError(f"{path} cannot be read or written: {in_short(error)}") from None


def in_short(error: Exception) -> str:
    """What an error of another library says, in a line."""
    return ": ".join([type(error).__name__, *str(error).splitlines()[:1]])
