"""What all tests share: the airfoil data, what a refusal looks like, and where nothing may be left out."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from patience import PATIENCE
from polyak.ground.errors import PolyakError
from polyak.ground.programs import FOLDER, SETTINGS, bound

# Bytecode is kept, whatever the environment says: without it each worker rewrites 400 files of tests, ten seconds of
# it, and each process that a test starts compiles Polyak.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Before NumPy and torch are imported: their threads wait for one another where there are as many processes as cores,
# and those of OpenBLAS spin while they do, ten times what the work takes. (pyproject.toml leaves out the plugin of
# pytest that would import NumPy before this.)
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

# Half of what the tests took was XLA at work on thousands of small programs, each of which runs for milliseconds: here
# all are compiled the quick way, the loops too, which users have optimised.
os.environ["XLA_FLAGS"] = " ".join(
    [
        "--xla_cpu_use_fusion_emitters=false",
        "--xla_backend_optimization_level=0",
        os.environ.get("XLA_FLAGS", ""),
    ]
)
# What was compiled is kept, for what forgets it between two files, for the processes that tests start and for the next
# run. Each worker has its own, for JAX writes in place: nobody reads what another has half written.
PROGRAMS = (
    Path(__file__).parents[1] / ".pytest_cache" / "programs" / os.environ.get("PYTEST_XDIST_WORKER", "main")
)
PROGRAMS.mkdir(parents=True, exist_ok=True)
bound(PROGRAMS, 2**29)
os.environ.update({FOLDER: str(PROGRAMS), **SETTINGS})

# The same examples on every run and machine, however slow; `--hypothesis-profile default` looks for new ones, and more.
settings.register_profile("polyak", derandomize=True, deadline=None, max_examples=40)
settings.load_profile("polyak")

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def airfoil_file() -> Path:
    """The airfoil data, from POLYAK_DATA or the cache; where it is not at hand, a skip (POLYAK_COMPLETE: a failure)."""
    # By its module's name: `polyak.data.airfoil` is the function.
    found = importlib.import_module("polyak.data.airfoil").at_hand()
    if found is None:
        pytest.skip("airfoil_self_noise.dat is not at hand: name its folder in POLYAK_DATA")
    return found


@pytest.fixture(scope="session")
def airfoil(airfoil_file: Path) -> Any:
    """The airfoil data, standardised."""
    from polyak.data import airfoil

    return airfoil(airfoil_file)


@pytest.fixture(scope="session")
def refused() -> Callable[..., AbstractContextManager[None]]:
    """`with refused("steps", "at least 1"):` what is inside must raise a PolyakError of one line that says so."""

    @contextmanager
    def check(*words: str) -> Iterator[None]:
        with pytest.raises(PolyakError) as caught:
            yield
        text = str(caught.value)
        assert len(text.splitlines()) == 1, text
        for word in words:
            assert word in text

    return check


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Chromium without a screen; where it is not installed, a skip (a failure where POLYAK_COMPLETE is 1)."""
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or chromedriver is None:
        pytest.skip("chromium and chromedriver are not on the path: apt-get install chromium chromium-driver")
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = chromium
    folder = tmp_path_factory.mktemp("chromium")
    for flag in (*FLAGS, f"--user-data-dir={folder}", "--window-size=1440,1000"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    made = webdriver.Chrome(options=options, service=Service(chromedriver))
    made.set_script_timeout(PATIENCE)
    yield made
    made.quit()


@pytest.fixture
def double() -> Iterator[None]:
    """PyTorch keeps NAdam's product of momenta in its default dtype, whatever the parameters' dtype."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def _failed_where_all_is_asked_for(report: Any) -> Any:
    """A skip as a failure where POLYAK_COMPLETE is 1, as our own CI sets it; what is expected to fail is no skip."""
    if os.environ.get("POLYAK_COMPLETE") == "1" and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"POLYAK_COMPLETE leaves nothing out, and this was: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    return _failed_where_all_is_asked_for((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Any:
    return _failed_where_all_is_asked_for((yield))
