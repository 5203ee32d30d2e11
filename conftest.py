"""How the tests are run, those in docstrings too: `--quick` takes seconds."""

from __future__ import annotations

import pytest

from polyak.ground.mappings import forget_programs

FULL = 0.3  # of the mappings a process may have: from there on a worker forgets what it compiled for earlier files
SECONDS = "polyak/seconds"  # of each test, the last time, in pytest's own cache
took: dict[str, float] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--quick 20` leaves out the slowest, so that the rest takes 20 seconds."""
    what = "of the tests whose time is known, the quickest that take so many seconds together"
    parser.addoption("--quick", type=float, metavar="SECONDS", help=what)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is over the budget; what was never timed stays."""
    budget = config.getoption("--quick")
    if budget is None:
        return
    seconds, spent, over = known(config), 0.0, set()
    for item in sorted((i for i in items if i.nodeid in seconds), key=lambda i: seconds[i.nodeid]):
        spent += seconds[item.nodeid]
        if spent > budget:
            over.add(item)
    config.hook.pytest_deselected(items=[*over])
    items[:] = [item for item in items if item not in over]


def known(config: pytest.Config) -> dict[str, float]:
    """How long each test took the last time."""
    cache = getattr(config, "cache", None)  # none with -p no:cacheprovider
    return dict(cache.get(SECONDS, {})) if cache else {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A test's time is that of its fixtures too."""
    took[report.nodeid] = took.get(report.nodeid, 0.0) + report.duration


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Between two files: a worker that compiles for a quarter of an hour would end by a signal."""
    if nextitem is not None and nextitem.path != item.path:
        forget_programs(FULL)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The times are kept by the one process that hears of all tests."""
    config = session.config
    if getattr(config, "cache", None) and not hasattr(config, "workerinput"):
        config.cache.set(SECONDS, known(config) | {name: round(time, 3) for name, time in took.items()})
