"""Whatever the words: exit code 0 or 2, and with 2 one line that says why, and never a traceback."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from polyak.cli.command import every_option

# As the parser has them, but for those that start programs.
OPTIONS = sorted({word for words in every_option().values() for word in words} - {"cluster", "workers"})
SETTINGS = ("lr", "momentum", "lr-in-velocity", "beta1", "eps", "weight_decay", "learning_rate", "nesterov")
NAMES = (
    "heavy_ball",
    "adam",
    "adadelta",
    "optax:sgd",
    "optax:adam",
    "optax:",
    "quadratic:",
    "ravine",
    "saddle",
    "digits",
)

# A terminal hands over anything but the zero character; lone surrogates stand for bytes that are no text.
text = st.text(st.characters(exclude_characters="\0", exclude_categories=()), max_size=12)
numbers = st.sampled_from(
    ["0", "1", "-1", "0.5", "2", "1e-3", "nan", "inf", "1e400", "-0", "1_0", "٣", "7,7", "1,nan"]
)
words = text | numbers | st.sampled_from(NAMES)
flags = st.sampled_from([f"--{name}" for name in (*OPTIONS, *SETTINGS)]) | text.map("--{}".format)
lines = st.lists(words | flags | st.tuples(flags, words).map("=".join), max_size=6)

tried = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def check(outcome):
    assert outcome.code in (0, 2), outcome
    assert "Traceback" not in outcome.err
    if outcome.code == 2:
        *notes, last = outcome.err.splitlines()
        assert last.startswith("polyak: "), outcome
        assert all(note.startswith("polyak: note: ") for note in notes), outcome
        assert outcome.out == ""


@tried
@given(words=lines)
def test_any_command(here, folder, words):
    assume(not {"train", "study"} & set(words[:1]))
    check(here(words))


@tried
@given(rule=st.sampled_from(NAMES) | text, rest=lines)
def test_a_trace(here, folder, rule, rest):
    check(here(["trace", rule, *rest]))


@tried
@given(option=flags, word=words)
def test_a_trace_with_one_more_option(here, folder, option, word):
    check(here(["trace", "heavy_ball", "--lr", "0.6", "--momentum", "0.5", "--steps", "3", option, word]))


@pytest.mark.parametrize("command", ["train", "study"])
@tried
@given(option=flags, word=words)
def test_a_training_with_one_more_option(here, folder, command, option, word):
    # The column refuses what is left of it, so that nothing is trained.
    line = [
        command,
        "heavy_ball",
        "--lr",
        "0.6",
        "--momentum",
        "0.5",
        option,
        word,
        "--data",
        "diabetes",
        "--column",
        "x",
    ]
    outcome = here(line)
    check(outcome)
    assert outcome.code == 2 or "--help" in line
