"""An error is said with the line of the user's own file that it came from, wherever that file lies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from polyak.ground.errors import PolyakError
from polyak.lab.background import in_a_line
from polyak.lab.watched_files import in_file

RULE = """
import json

def outer(read):
    return inner(read)

def inner(read):
    return json.loads("{") if read else 1 / 0
"""


@pytest.mark.parametrize("read", [False, True], ids=["its own", "the standard library's"])
@pytest.mark.parametrize("name", ["polyak-notes/my_rule.py", "plain/my_rule.py", "polyak/rules/linear.py"])
def test_the_line_is_of_the_users_file(tmp_path: Path, name: str, read: bool) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text(RULE)
    space: dict = {}
    exec(compile(RULE, str(path), "exec"), space)
    with pytest.raises((ZeroDivisionError, json.JSONDecodeError)) as caught:
        space["outer"](read)
    said = in_a_line(caught.value)
    assert said.endswith(f"({path}, line 8)") or (read and " line " in str(caught.value))
    assert "test_blame.py" not in said


def test_a_file_named_as_one_of_ours_is_not_blamed_for_it(tmp_path: Path) -> None:
    import polyak as pk

    path = tmp_path / "base.py"
    path.write_text(
        "from polyak import HeavyBall\n\n\ndef made():\n    return HeavyBall.from_settings(lt=0.1)\n"
    )
    space: dict = {}
    exec(compile(path.read_text(), str(path), "exec"), space)
    with pytest.raises(PolyakError) as caught:
        space["made"]()
    assert in_file(caught.value, path).endswith(f"({path}, line 5)")
    with pytest.raises(PolyakError) as caught:
        pk.HeavyBall.from_settings(lt=0.1)
    assert str(path) not in in_file(caught.value, path)
