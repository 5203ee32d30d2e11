"""What a function computes and what arrays hold, as short hashes that are the same in another process."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from types import CodeType
from typing import Any

import numpy as np

from polyak.ground.types import Pytree

ADDRESS = re.compile(r" at 0x[0-9a-f]+")  # of an object in memory: another one in another process


def hashed(parts: Iterable[bytes]) -> str:
    """A short hash of bytes.

    >>> hashed([b"heavy", b"_ball"])
    '6ecbe091650e8aa6'
    """
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


def sha256(content: bytes) -> str:
    """The whole checksum of bytes, as it stands in lists of files.

    >>> sha256(b"")[:12]
    'e3b0c44298fc'
    """
    return hashlib.sha256(content).hexdigest()


def numbers_hash(tree: Pytree) -> str:
    """The numbers at a pytree's leaves, such as those that a rule is set by."""
    import jax

    return hashed(np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(tree))


def code_hash(function: Callable[..., Any], *arguments: Pytree) -> str:
    """What a function computes, as JAX traces it: two rules of one name may differ; '' if it cannot be traced."""
    import jax

    try:
        traced = jax.make_jaxpr(function)(*arguments)
    except Exception:
        return ""
    words = without_addresses(str(traced.jaxpr)).encode()
    return hashed([words, *(np.asarray(constant).tobytes() for constant in traced.consts)])


def bytecode_hash(functions: Iterable[Callable[..., Any]]) -> str:
    """What functions compute that cannot be traced, by their bytecode."""
    return hashed(part for function in functions for part in _parts(function.__code__))


def _parts(code: CodeType) -> Iterator[bytes]:
    yield code.co_code
    yield repr(code.co_names).encode()
    for constant in code.co_consts:
        yield from _parts(constant) if isinstance(constant, CodeType) else [repr(constant).encode()]


def without_addresses(text: str) -> str:
    """A text that is the same in another process.

    >>> without_addresses("<function decayed at 0x7f3a5c0d1e10>")
    '<function decayed>'
    """
    return ADDRESS.sub("", text)
