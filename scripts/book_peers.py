"""The helpers that Polyak answers for, held against the published ones on the same seeds.

    make book-peers
    python scripts/book_peers.py [folder]

The later editions' package (d2l 1.0.3) is downloaded by pip without what it pins, into a folder outside the repository
(by default a temporary one); torchvision and what else it imports at its head is replaced by empty modules, for nothing
held here uses it. Each side runs in a process of its own; what they print is compared number for number.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PUBLISHED = "d2l==1.0.3"
ASIDE = ("torchvision", "torchvision.transforms", "requests", "pandas", "gym", "scipy", "scipy.spatial")

# Each case prints numbers alone; `d2l` is one side or the other.
CASES = {
    "a page's rule on the plane": """
points = d2l.train_2d(lambda a, b, v, w: (a - (v := .5 * v + .08 * a), b - (w := .5 * w + 1.6 * b), v, w))
print([(float(a), float(b)) for a, b in points])""",
    "the gradient given, other steps": """
print(d2l.train_2d(lambda a, b, s, t, f: (a - .1 * f(a, b)[0], b - .1 * f(a, b)[1], 0, 0), steps=7,
                   f_grad=lambda a, b: (.2 * a, 4 * b)))""",
    "train_ch11, momentum": """
def momentum(params, states, hyperparams):
    for p, v in zip(params, states):
        with torch.no_grad():
            v[:] = hyperparams['momentum'] * v + p.grad
            p[:] -= hyperparams['lr'] * v
        p.grad.data.zero_()
data, columns = d2l.get_data_ch11(batch_size=10)
states = [torch.zeros((columns, 1)), torch.zeros(1)]
print(d2l.train_ch11(momentum, states, {'lr': .02, 'momentum': .5}, data, columns)[1], states)""",
    "train_concise_ch11, Adam": """
data, _ = d2l.get_data_ch11(batch_size=10)
d2l.train_concise_ch11(torch.optim.Adam, {'lr': .01}, data)
print(d2l.evaluate_loss(torch.nn.Linear(5, 1), data, torch.nn.MSELoss(reduction='none')))""",
    "small helpers": """
X, y = torch.rand(7, 3), torch.rand(7)
print(d2l.linreg(X, torch.rand(3, 1), 1.5), d2l.squared_loss(X[:, :1], y), d2l.accuracy(torch.rand(9, 4), y[:1].long()))
print(d2l.get_fashion_mnist_labels([0, 3, 9]), d2l.reduce_sum(X), d2l.size(X), d2l.try_gpu())""",
}
SIDE = """
import matplotlib; matplotlib.use("Agg")
import re, sys, types, warnings; warnings.simplefilter("ignore")
import torch
if {folder!r}:
    for name in {aside!r}:
        try:
            if name.startswith("torchvision"):
                raise ImportError  # one that does not fit this torch is worse than none
            __import__(name)
        except ImportError:
            sys.modules[name] = types.ModuleType(name)
            above, _, own = name.rpartition(".")
            if above: setattr(sys.modules[above], own, sys.modules[name])
    sys.modules["scipy.spatial"].__dict__.setdefault("distance_matrix", None)
    package = types.ModuleType("d2l"); package.__path__ = [{folder!r} + "/d2l"]; sys.modules["d2l"] = package
    from d2l import torch as d2l
    d2l.download = lambda *given: {airfoil!r}
    d2l.Animator.add = lambda self, x, y: setattr(self, "Y", self.Y or [[]]) or self.Y[0].append(y[0])
else:
    from polyak.book.d2l import torch as d2l
torch.manual_seed(3)
{case}
print(torch.rand(3))  # as many random numbers were drawn
"""


def main() -> int:
    """Hold every case; 1 where one differs, 2 where the published package cannot be had."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else temporary)
        if not _published(folder):
            print(f"{PUBLISHED} cannot be had here: nothing was compared")
            return 2
        from polyak.book.d2l.downloads import download

        airfoil, apart = download("airfoil"), 0
        for name, case in CASES.items():
            theirs, ours = (_run(case, side, airfoil) for side in (str(folder), ""))
            same = theirs == ours
            apart += not same
            print(f"{name:34} {'the same' if same else 'ANOTHER'}")
            if not same:
                print(f"  theirs: {theirs[-400:]}\n  ours:   {ours[-400:]}")
        print(f"{len(CASES) - apart} of {len(CASES)} the same as {PUBLISHED}'s, number for number")
        return 1 if apart else 0


def _published(folder: Path) -> bool:
    if not (folder / "d2l" / "torch.py").is_file():
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--dest",
            str(folder),
            PUBLISHED,
        ]
        subprocess.run(command, check=False)
        for wheel in folder.glob("d2l-*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                archive.extract("d2l/torch.py", folder)
    return (folder / "d2l" / "torch.py").is_file()


def _run(case: str, folder: str, airfoil: str) -> str:
    program = SIDE.format(case=case, folder=folder, aside=ASIDE, airfoil=airfoil)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    if done.returncode:
        return f"failed: {done.stderr[-400:]}"
    # The seconds differ, and so do the words around a trace's last place.
    return "\n".join(
        line.partition(" sec")[0].rpartition(",")[0] if " sec" in line else line
        for line in done.stdout.split("\n")
    )


if __name__ == "__main__":
    sys.exit(main())
