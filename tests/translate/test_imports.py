"""What a translation does without: a user waits for every package that is imported."""

from __future__ import annotations

import subprocess
import sys

LINES = """
import sys, polyak as pk
print(pk.translate("torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)", to="keras"))
heavy = {"polyak.theory", "polyak.problems", "scipy.optimize", "torch", "optax", "keras", "xarray"}
print(sorted(heavy & {*sys.modules}))
print(pk.rescale.__name__, "polyak.theory" in sys.modules)
"""


def test_a_translation_imports_no_framework_and_no_theory() -> None:
    """What stands on the theory is found all the same, when it is asked for."""
    run = subprocess.run([sys.executable, "-c", LINES], capture_output=True, text=True, check=True)
    line, heavy, rescale = run.stdout.splitlines()
    assert line == "keras.optimizers.SGD(learning_rate=0.1, momentum=0.9, nesterov=False)"
    assert heavy == "[]"
    assert rescale == "rescale True"
