"""Names and ports: which address a lab can listen on, and which other origins may talk to it."""

from __future__ import annotations

import re
import socket

from polyak.ground.errors import PolyakError

_ORIGIN = re.compile(
    r"(?:[a-z0-9_.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::([0-9]{1,5}))?", re.ASCII | re.IGNORECASE
)


def check_address(host: str) -> None:
    """Refuse an address that is not this machine's, before anything is made ready."""
    if not host.strip():
        raise PolyakError("address is empty, expected one of this machine's, such as 127.0.0.1 or 0.0.0.0")
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as trial:
            trial.bind(place)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "no name of a machine"
        raise PolyakError(f"the lab cannot listen on '{host}': {reason}") from None


def checked_origin(word: str) -> str:
    """An origin as it is compared, in small letters; without a port it is that of http.

    >>> checked_origin("Lab.Example:8080"), checked_origin("lab.example")
    ('lab.example:8080', 'lab.example:80')
    """
    found = _ORIGIN.fullmatch(word)
    if found is None or int(found[1] or 80) > 65_535:
        raise PolyakError(f"origin is '{word}', expected HOST or HOST:PORT, such as lab.example:8080")
    return word.lower() if found[1] else f"{word.lower()}:80"
