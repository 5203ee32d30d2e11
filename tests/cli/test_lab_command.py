"""`polyak lab`, as a user types it."""

from __future__ import annotations

import importlib
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from patience import PATIENCE


def started(folder, interruptible, line, lines):
    command = interruptible([str(Path(sys.executable).with_name("polyak")), *line.split(), "--no-browser"])
    made = subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert made.stdout is not None
    return made, [made.stdout.readline() for _ in range(lines)]


def ended(made):
    made.send_signal(signal.SIGINT)
    out, _ = made.communicate(timeout=PATIENCE)
    return made.returncode, out


def test_it_serves_on_this_machine_and_ends_with_ctrl_c(folder, interruptible):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        made, (first, second) = started(
            folder, interruptible, f"lab heavy_ball ravine --port {port} --lr 0.5 --momentum 0.6", 2
        )
    try:
        assert f"port {port} is in use: the lab took " in first
        address = second.split()[5]
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address, timeout=PATIENCE) as page:
            assert page.status == 200
    finally:
        code, out = ended(made)
    assert code == 0
    assert "closed" in out


def test_elsewhere_it_says_what_that_exposes(here, folder, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(importlib.import_module("polyak.lab").Lab, "warm_up", lambda _: None)
    monkeypatch.setattr(importlib.import_module("polyak.cli.commands.lab"), "stay", interrupted)
    ended = here("lab --address 0.0.0.0 --port 0")
    note, address, closed = [line for line in (ended.err + ended.out).splitlines() if line]
    assert "every machine that can reach this one" in note
    assert "http://" in address
    assert (ended.code, closed) == (0, "the lab is closed")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("lab heavy_bal", ["unknown rule or landscape 'heavy_bal'", "heavy_ball"]),
        ("lab ravine bowl", ["two landscapes"]),
        ("lab quadratic:1,2,3", ["3 coordinates"]),
        ("lab no_file.py:f", ["no_file.py", "no such file"]),
        ("lab my_rule.py", ["which name in it"]),
        ("lab heavy_ball --momentum 1", ["momentum is 1", "[0, 1)"]),
        ("lab heavy_ball --momentun 0.5", ["did you mean --momentum"]),
        ("lab --port x", ["port is 'x'"]),
        ("lab --port 70000", ["port is 70000", "65535"]),
        ("lab --data no_file.csv", ["no_file.csv", "no such file"]),
        ("lab --data airfoi", ["airfoil"]),
    ],
)
def test_bad_input_is_one_line(fails, line, words):
    fails(line, *words)


def test_it_is_exported_and_nothing_is_served(polyak_, fails, folder, monkeypatch):
    """What is written stands in tests/lab/export; here, that the line leads there."""
    page = importlib.import_module("polyak.lab.export.page")
    monkeypatch.setattr(page, "page", lambda lab: f"{lab.first.rules[0].settings['lr']}")
    assert polyak_("lab nesterov bowl --lr 0.25 --export lab.html").strip() == "lab.html"
    assert (folder / "lab.html").read_text() == "0.25"
    fails("lab nesterov --export lab.txt", "lab.txt", "ends in .html")


def test_a_link_that_somebody_shared_is_told_from_a_name():
    from polyak.cli.commands.lab import _without_link
    from polyak.lab.link import encoded
    from polyak.lab.state import Chosen, State

    letters = encoded(State((Chosen("heavy_ball", {"lr": 0.3}),), steps=44))
    for link in (letters, f"http://127.0.0.1:5006/?state={letters}", f"?state={letters}"):
        assert _without_link(["adam", link]) == (["adam"], letters)
    assert _without_link(["my_rule.py:f", "quadratic:0.1,2"]) == (["my_rule.py:f", "quadratic:0.1,2"], "")


def test_it_begins_with_a_link(folder):
    import polyak as pk
    from polyak.lab.lab import lab_of
    from polyak.lab.link import encoded
    from polyak.lab.state import Chosen, State
    from polyak.landscapes import CATALOGUE

    state = State((Chosen("nesterov", {"lr": 0.2, "momentum": 0.7}),), landscape="quadratic:0.1,4", steps=44)
    made = lab_of({}, [Chosen("heavy_ball")], CATALOGUE["ravine"], None)
    made.begin_with(encoded(state))
    assert (made.first.landscape, made.first.steps, made.first.rules) == ("quadratic:0.1,4", 44, state.rules)
    with pytest.raises(pk.PolyakError, match="damaged"):
        made.begin_with("1.00000000.e30")
    made.stop()
