"""A link holds the whole state, and nothing that comes through one is trusted."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyak.ground.errors import PolyakError
from polyak.lab.checking import MOST_STEPS, checked
from polyak.lab.computing.memories import SIGNALS
from polyak.lab.link import LONGEST, decoded, encoded, not_at_hand
from polyak.lab.offer import offer
from polyak.lab.panel import own_fields
from polyak.lab.state import ATTRIBUTES, Chosen, State
from polyak.lab.words import LANGUAGES

OFFER = offer()
FIRST = State(rules=(Chosen("heavy_ball", {"lr": 0.6, "momentum": 0.5}),))
numbers = st.floats(-1e6, 1e6)
heavy_balls = st.builds(
    Chosen,
    st.just("heavy_ball"),
    st.fixed_dictionaries(
        {"lr": st.floats(0, 1e3), "momentum": st.floats(0, 1, exclude_max=True)},
        optional={"lr_in_velocity": st.booleans()},
    ),
)
states = st.builds(
    State,
    rules=st.lists(heavy_balls, min_size=1, max_size=4).map(tuple),
    landscape=st.sampled_from(sorted(OFFER.landscapes)),
    start=st.tuples(numbers, numbers),
    steps=st.integers(1, MOST_STEPS),
    shown=st.integers(0, MOST_STEPS),
    own=st.fixed_dictionaries(
        {},
        optional={
            "signal": st.sampled_from(SIGNALS),
            "batch_size": st.integers(1, 512),
            "epochs": st.integers(1, 20),
            "seeds": st.integers(1, 32),
            "tour": st.integers(0, 8),
        },
    ),
    language=st.sampled_from(LANGUAGES),
    dark=st.booleans(),
)
anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def link_of(found) -> str:
    """A link with a good checksum, whatever is in it."""
    text = json.dumps(found).encode()
    return f"1.{zlib.crc32(text):08x}.{base64.urlsafe_b64encode(text).rstrip(b'=').decode()}"


def holds(found) -> None:
    """What is so packed is a state that can be shown, or a PolyakError of one line."""
    said = ""
    try:
        state = decoded(link_of(found), OFFER)
        assert checked(state, OFFER) == state
    except PolyakError as error:
        said = str(error)
    assert len(said.splitlines()) <= 1


@given(states)
def test_state_comes_back_as_it_was(state):
    state = checked(state, OFFER)
    assert decoded(encoded(state), OFFER) == state


@given(
    st.text(max_size=200) | st.from_regex(r"[0-9]{1,3}\.[0-9a-f]{0,9}\.[A-Za-z0-9_-]{0,60}", fullmatch=True)
)
def test_letters_of_any_kind_are_one_line(letters):
    with pytest.raises(PolyakError) as caught:
        decoded(letters, OFFER)
    assert len(str(caught.value).splitlines()) == 1


@given(anything)
def test_anything_well_packed_is_a_state_or_one_line(found):
    holds(found)


@given(st.sampled_from(sorted(ATTRIBUTES | own_fields().keys())), anything)
def test_one_value_of_any_kind(name, value):
    found = {**json.loads(base64.urlsafe_b64decode(encoded(FIRST).split(".")[2] + "==")), name: value}
    holds(found)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_one_damaged_letter_is_noticed(place, change):
    good = encoded(FIRST)
    place %= len(good)
    bad = good[:place] + chr((ord(good[place]) + change) % 128) + good[place + 1 :]
    if bad != good:
        with pytest.raises(PolyakError, match="the link"):
            decoded(bad, OFFER)


@pytest.mark.parametrize(
    ("letters", "words"),
    [
        ("", ["damaged"]),
        (encoded(FIRST)[:-3], ["damaged", "checksum"]),
        (f"2{encoded(FIRST)[1:]}", ["version 2", "version 1"]),
        ("1." + "x" * LONGEST, ["damaged", "letters"]),
        (link_of([]), ["damaged"]),
        (link_of({"rules": []}), ["0 rules"]),
        (link_of({"rules": [{"rule": "heavy_bal", "settings": {}}]}), ["heavy_ball"]),
        (link_of({"rules": [{"rule": "my.py:f", "settings": {}}]}), ["unknown rule"]),
        (
            link_of({"rules": [{"rule": "heavy_ball", "settings": {"momentum": 1}}]}),
            ["momentum is 1", "[0, 1)"],
        ),
        (link_of({"rules": [{"rule": "heavy_ball", "settings": {"lr": "1; import os"}}]}), ["lr is"]),
        (link_of({"rules": [{"rule": "heavy_ball", "settings": {}}], "steps": 10**9}), ["steps is", "1000"]),
        (
            link_of({"rules": [{"rule": "heavy_ball", "settings": {}}], "landscape": "/etc/passwd"}),
            ["landscape"],
        ),
        (link_of({"rules": [{"rule": "heavy_ball", "settings": {}}], "data": "http://x/y.csv"}), ["data"]),
        (link_of({"rules": [{"rule": "heavy_ball", "settings": {}}], "more": 1}), ["damaged"]),
    ],
)
def test_what_a_link_cannot_say(refused, letters, words):
    with refused(*words):
        decoded(letters, OFFER)


def test_a_quadratic_is_shown_by_a_link_where_nobody_named_it():
    place = OFFER.reaching("quadratic:0.1,4").landscapes["quadratic:0.1,4"]
    assert place.dimension == 2
    state = State(FIRST.rules, landscape="quadratic:0.1,4", start=(-1.0, -1.0))
    assert decoded(encoded(state), OFFER).landscape == "quadratic:0.1,4"
    for name in ("quadratic:0.1,1,3", "quadratic:0.1,x", "quadratic:.1,4", "quadratic:1,nan"):
        with pytest.raises(PolyakError, match="landscape"):
            decoded(encoded(State(FIRST.rules, landscape=name)), OFFER)


def test_data_that_another_machine_had_are_left_out_and_named():
    without = replace(
        OFFER, problems={name: made for name, made in OFFER.problems.items() if name != "digits"}
    )
    first = next(iter(without.problems))
    letters = encoded(State(FIRST.rules, steps=77, own={"data": "digits", "seeds": 3}))
    state = decoded(letters, without)
    assert (state.own["data"], state.own["seeds"], state.steps) == (first, 3, 77)
    assert (not_at_hand(letters, without), not_at_hand(letters, OFFER)) == ("digits", "")
    with pytest.raises(PolyakError, match="data"):
        decoded(encoded(State(FIRST.rules, own={"data": "nobody"})), without)
