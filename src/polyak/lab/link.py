"""A state as a link: versioned, with a checksum, and nothing in it but names and numbers.

    1.CHECKSUM.BASE64     version, CRC-32 of the JSON in eight hexadecimal digits, the JSON in URL-safe base64

A link names rules, landscapes and data; it never holds code, a path or an address.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from dataclasses import asdict, replace
from typing import Any

from polyak.data import CATALOGUE as DATA
from polyak.ground.errors import PolyakError
from polyak.lab.checking import checked
from polyak.lab.offer import Offer
from polyak.lab.panel import own_fields
from polyak.lab.state import ATTRIBUTES, Chosen, State, Value

VERSION = "1"
LONGEST = 8_000  # letters


def encoded(state: State) -> str:
    """The state in letters that a link may hold.

    >>> encoded(State(rules=(Chosen("heavy_ball", {"lr": 0.5, "momentum": 0.5}),)))[:11]
    '1.21a6c78f.'
    """
    content = asdict(state)
    own = content.pop("own")
    text = json.dumps({**content, **own}, separators=(",", ":"), allow_nan=False).encode()
    body = base64.urlsafe_b64encode(text).rstrip(b"=").decode()
    return f"{VERSION}.{zlib.crc32(text):08x}.{body}"


def decoded(letters: str, offer: Offer) -> State:
    """The state that a link spells, checked against what this lab has.

    Raises PolyakError for a link that is damaged, of another version, or of what this lab has not.
    """
    text = _unpacked(letters)
    try:
        content = json.loads(text)
        json.dumps(content, ensure_ascii=False).encode()  # half a surrogate pair is no text
        state = _state(content)
        return checked(_at_hand(state, offer), offer.reaching(state.landscape))
    except PolyakError as error:
        raise PolyakError(f"the link cannot be shown here: {error}") from None
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        raise PolyakError("the link is damaged: it holds no state of a lab") from None


def not_at_hand(letters: str, offer: Offer) -> str:
    """The data that a link names and this machine has not, though Polyak knows them; else nothing."""
    try:
        name = json.loads(_unpacked(letters)).get("data")
    except (PolyakError, ValueError, AttributeError, RecursionError):
        return ""
    return str(name) if isinstance(name, str) and name in DATA and name not in offer.problems else ""


def _at_hand(state: State, offer: Offer) -> State:
    """The state without data that this machine has not: all else that it shows is the same."""
    name = state.own.get("data")
    if not isinstance(name, str) or name not in DATA or name in offer.problems:
        return state
    return replace(state, own={key: value for key, value in state.own.items() if key != "data"})


def _unpacked(letters: str) -> bytes:
    """The JSON of a link that came through whole."""
    if len(letters) > LONGEST:
        raise PolyakError(f"the link is damaged: {len(letters)} letters, expected at most {LONGEST}")
    version, _, rest = letters.partition(".")
    if not (rest and version.isascii() and version.isdecimal()):
        raise PolyakError("the link is damaged: it does not begin with a version; copy it whole")
    if version != VERSION:
        raise PolyakError(f"the link is of version {version[:20]}, this lab reads version {VERSION}")
    checksum, _, body = rest.partition(".")
    try:
        text = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        text = b""
    whole = base64.urlsafe_b64encode(text).rstrip(b"=").decode() == body  # its last letter has bits to spare
    if not (text and whole) or f"{zlib.crc32(text):08x}" != checksum:
        raise PolyakError("the link is damaged: its checksum does not fit; copy it whole")
    return text


def _state(content: dict[str, Any]) -> State:
    """A State of what the JSON holds, as it is: `checked` looks at each value."""
    if not isinstance(content, dict) or not content.keys() <= ATTRIBUTES | own_fields().keys():
        raise TypeError
    rules = tuple(Chosen(_word(rule["rule"]), _settings(rule["settings"])) for rule in content["rules"])
    return State(rules).changed(**{**content, "rules": rules})


def _settings(content: dict[str, Value]) -> dict[str, Value]:
    if not isinstance(content, dict):
        raise TypeError
    for name, value in content.items():
        _word(name)
        if not isinstance(value, str | bool | int | float):
            raise TypeError
    return content


def _word(value: str) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
