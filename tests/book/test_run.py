"""Cells in a real kernel: what they show, how they fail, and that they are stopped."""

from __future__ import annotations

import asyncio
import contextlib
import re
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from polyak.book import read
from polyak.book.parse.document import parse
from polyak.book.render.notebook import notebook, numbers
from polyak.book.run import cells as running
from polyak.book.run.cells import Run, Settings, run
from polyak.book.run.launch import Launched
from polyak.ground.errors import PolyakError

AFTER = "\n\n```python\nprint('after')\n```\n"


@pytest.fixture
def ran(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Run, Any]]:
    """`ran("text")`: a document's cells run; what it came to, and the notebook."""

    def go(text: str, **settings: Any) -> tuple[Run, Any]:
        monkeypatch.delenv(
            "PYTEST_CURRENT_TEST", raising=False
        )  # a kernel leaves much out where it sees this
        document = parse(text)
        made = notebook(document)
        wanted = Settings(**({"start_up": "pass", "timeout": 60.0} | settings))
        launched = Launched(folder)
        try:
            result = run(made, numbers(document), launched, wanted)
        finally:
            launched.end()
        assert launched.process.poll() is not None
        assert not launched.own.exists()
        return result, [cell for cell in made.cells if cell.cell_type == "code"]

    return go


def text_of(cell: Any) -> str:
    parts = (
        out.get("text") or "\n".join(out.get("traceback", [])) or str(out.get("data")) for out in cell.outputs
    )
    return re.sub(r"\x1b\[[\d;]*m", "", "".join(parts))


def cell_of(code: str) -> str:
    return f"```python\n{code}\n```\n\n"


def test_what_cells_show(ran: Any, folder: Path) -> None:
    (folder / "mine.py").write_text("x = 'a module beside the document'\n")
    asked: list[tuple[int, int]] = []
    result, cells = ran(
        """
```{.python .input n=3}
%matplotlib inline
import matplotlib.pyplot as plt
import sys, os, warnings
plt.plot([1, 2])
print("hello", file=sys.stderr)
```

```{.python .input n=11}
import mine
1 / 4
```

```{.python .input}
print(sys.executable, os.getcwd(), mine.x)
import jedi, debugpy
```

```python
```
""",
        progress=lambda done, total: asked.append((done, total)),
    )
    assert result == Run(4, [])
    assert asked == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    assert [cell.execution_count for cell in cells] == [3, 11, None, None]
    assert cells[0].outputs[0] == {"output_type": "stream", "name": "stderr", "text": "hello\n"}
    assert set(cells[0].outputs[1].data) == {"image/svg+xml", "text/plain"}
    assert "<dc:date>" not in cells[0].outputs[1].data["image/svg+xml"]  # the same figure, the same bytes
    assert cells[1].outputs[0].execution_count == 11
    assert cells[1].outputs[0].data == {"text/plain": "0.25"}
    assert text_of(cells[2]) == f"{sys.executable} {folder} a module beside the document\n"


def test_from_within_a_notebook_and_nothing_is_left_in_the_readers_home(
    folder: Path, monkeypatch: pytest.MonkeyPatch, ran: Any
) -> None:
    home = folder / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in (
        "IPYTHONDIR",
        "JUPYTER_RUNTIME_DIR",
        "JUPYTER_DATA_DIR",
        "JUPYTER_CONFIG_DIR",
        "XDG_DATA_HOME",
    ):
        monkeypatch.delenv(name, raising=False)

    async def inside() -> Any:
        return ran("```python\nprint('inside')\n```")

    result, cells = asyncio.run(inside())
    assert (result, text_of(cells[0])) == (Run(1, []), "inside\n")
    assert list(home.iterdir()) == []


def test_an_error_stops_the_run(ran: Any) -> None:
    result, cells = ran("```{.python .input n=7}\nx = 1\nx / 0\n```" + AFTER)
    assert (result.cells, result.failures[0].cell) == (1, 0)
    assert result.failures[0].reason == "ZeroDivisionError: division by zero"
    assert "Cell In[7], line 2" in text_of(cells[0])
    assert cells[1].outputs == []


ENDS = {
    "1 / 0": "ZeroDivisionError: division by zero",
    "x = = 1": "SyntaxError: invalid syntax",
    "while True: pass": "it did not end within 4 s",
    "import sys; sys.exit(3)": "SystemExit: 3",
    "input('?')": "StdinNotImplementedError: ",
    "raise ValueError('x' * 10**7)": "ValueError: xxxxxxxx",
}


def test_or_does_not_and_an_error_that_the_document_expects_is_none(ran: Any) -> None:
    expected = "```{code-cell}\n:tags: [raises-exception]\n1 / 0\n```" + AFTER
    result, cells = ran("".join(map(cell_of, ENDS)) + expected, keep_going=True, timeout=4.0)
    assert [failure.cell for failure in result.failures] == list(range(len(ENDS)))
    for failure, reason, cell in zip(result.failures, ENDS.values(), cells):
        assert failure.reason.startswith(reason)
        assert len(failure.reason) < 300
        assert text_of(cell)
    assert (result.cells, text_of(cells[-1])) == (len(ENDS) + 2, "after\n")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "signal SIGKILL"),
        ("import os; os._exit(3)", "exit code 3"),
    ],
)
def test_a_cell_that_ends_its_kernel_ends_the_run(ran: Any, code: str, reason: str) -> None:
    result, cells = ran(cell_of(code) + AFTER, keep_going=True)
    assert [failure.reason for failure in result.failures] == [f"it ended its kernel ({reason})"]
    assert text_of(cells[0])
    assert text_of(cells[1]) == ""


def test_a_cell_deaf_to_interruption_is_ended_with_its_kernel(
    ran: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "GRACE", 0.5)
    deaf = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    result, cells = ran(f"```python\n{deaf}\n```" + AFTER, keep_going=True, timeout=1.0)
    assert (result.cells, result.failures[0].reason) == (1, "it did not end within 1 s")
    assert "nor when it was interrupted" in text_of(cells[0])


FLOODS = [
    "from IPython.display import display\ndisplay({'image/png': 'A' * 40_000_000}, raw=True)",  # one, and no more
    "while True: print('x' * 1000)",
    "print('x' * 10**9)",
    "import sys\nwhile True: sys.stderr.write('x' * 1000)",
    "while True:\n    try: print('x' * 1000)\n    except Exception: pass",
    "import os\nwhile True: os.write(1, b'x' * 1000)",
    "!yes",
    "import subprocess; subprocess.run(['yes'])",
    "from IPython.display import display, HTML\nwhile True: display(HTML('x' * 100_000))",
]


def test_a_gigabyte_is_cut_and_the_cell_stopped(ran: Any) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result, cells = ran("".join(cell_of(code) + AFTER for code in FLOODS), keep_going=True)
    assert [failure.cell for failure in result.failures] == list(range(0, 2 * len(FLOODS), 2))
    for failure, flooded, after in zip(result.failures, cells[::2], cells[1::2]):
        assert " more than " in failure.reason
        assert "cut here" in text_of(flooded)
        assert len(text_of(flooded)) < 40_000_000
        assert text_of(after) == "after\n"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kilobytes


DETACHED = """
import os, subprocess, sys
code = "import os, time, sys\\nif os.fork(): os._exit(0)\\nos.setsid()\\nif os.fork(): os._exit(0)\\n"
code += "open(sys.argv[1], 'w').write(str(os.getpid()))\\ntime.sleep(600)"
subprocess.run([sys.executable, "-c", code, "marked"])
subprocess.run([sys.executable, "-c", code, "unmarked"], env={})
subprocess.Popen(["sleep", "600"], start_new_session=True)
with open("near", "w") as near:
    near.write(str(subprocess.Popen(["sleep", "600"]).pid))
import time
while not all(os.path.exists(name) and open(name).read() for name in ("marked", "unmarked")):
    time.sleep(0.02)
"""


@pytest.mark.parametrize(
    "end", ["", "while True: time.sleep(1)", "import signal; os.kill(os.getpid(), signal.SIGSTOP)"]
)
def test_what_a_cell_started_ends_with_the_run_even_where_it_left_its_session(
    ran: Any, folder: Path, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "GRACE", 0.5)
    kernels: list[int] = []
    kill = Launched.kill
    monkeypatch.setattr(Launched, "kill", lambda self: (kernels.append(self.process.pid), kill(self)))
    ran(f"```python\n{DETACHED}{end}\n```", timeout=20.0 if not end else 5.0)
    assert kernels
    for name in ("marked", "unmarked", "near"):
        assert gone(int((folder / name).read_text()))


def gone(pid: int) -> bool:
    for _ in range(100):
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


def test_a_kernel_that_leaves_takes_what_is_marked_along(ran: Any, folder: Path) -> None:
    ran(f"```python\n{DETACHED}os._exit(3)\n```")
    assert gone(int((folder / "marked").read_text()))
    with contextlib.suppress(psutil.NoSuchProcess):  # the one without a mark is not promised
        psutil.Process(int((folder / "unmarked").read_text())).kill()


def test_farewells_are_said_and_open_files_written(folder: Path) -> None:
    code = "import atexit\natexit.register(lambda: open('b', 'w').write('b'))\nkept = open('a', 'w')\nkept.write('a')"
    (folder / "a.md").write_text(cell_of(code))
    read(folder / "a.md", real=True)
    assert ((folder / "a").read_text(), (folder / "b").read_text()) == ("a", "b")


def test_a_start_up_that_fails_is_one_line(ran: Any, refused: Any) -> None:
    with refused("the kernel's start-up failed: ModuleNotFoundError: No module named 'no_such_module'"):
        ran("```python\n1\n```", start_up="import no_such_module")
    with refused("the kernel ended as it started (exit code 4)"):
        ran("```python\n1\n```", start_up="import os; os._exit(4)")


def test_a_kernel_that_does_not_start_says_why(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    with pytest.raises(PolyakError, match="no kernel could be started: No such file"):
        Launched(folder)
    (folder / "python").write_text("#!/bin/sh\necho 'no ipykernel here' >&2; exit 1\n")
    (folder / "python").chmod(0o755)
    launched = Launched(folder)
    try:
        with pytest.raises(PolyakError, match="the kernel did not start: no ipykernel here"):
            launched.manager()
    finally:
        launched.end()
