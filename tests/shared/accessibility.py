"""What axe-core finds on a page, where the package that brings its script is installed."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest

FELT = ("critical", "serious")


def findings(driver: Any) -> list[str]:
    """The critical and serious findings on the page that is open: each rule with the places that break it."""
    pytest.importorskip("axe_core_python", reason="axe-core is not installed")
    driver.execute_script(files("axe_core_python").joinpath("axe.min.js").read_text("utf-8"))
    found = driver.execute_async_script("const done = arguments[0]; axe.run().then(done);")
    return [
        f"{each['impact']}: {each['id']}: {[node['target'] for node in each['nodes']][:5]}"
        for each in found["violations"]
        if each["impact"] in FELT
    ]
