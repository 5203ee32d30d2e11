"""Build the site, which opens from a disk and asks for nothing: `make docs`, or this file with a folder."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import check  # noqa: E402
import stage  # noqa: E402


def main() -> None:
    """Stage, run Sphinx with every warning an error, look at what came out."""
    site = Path(sys.argv[1] if len(sys.argv) > 1 else stage.ROOT / "site")
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        names = stage.stage(source)
        _say(f"{len(names)} public names, {len(stage.gallery.kinds())} kinds of figures", began)
        _extra(source / "_extra")
        _say("chapters run, the lab exported", began)
        shutil.rmtree(site, ignore_errors=True)
        options = [
            "-W",
            "--keep-going",
            "-q",
            "-b",
            "html",
            "-c",
            str(HERE),
            "-d",
            str(Path(folder) / "trees"),
        ]
        settings = [
            "-D",
            f"html_static_path={source / '_static'}",
            "-D",
            f"html_extra_path={source / '_extra'}",
        ]
        done = subprocess.run(
            [sys.executable, "-m", "sphinx", *options, *settings, str(source), str(site)], check=False
        )
    if done.returncode:
        sys.exit("the site has warnings: see above")
    if found := check.complaints(site):
        sys.exit("\n".join(found))
    _say(f"{site / 'index.html'} stands: its links lead somewhere, and it asks for nothing", began)


def _extra(folder: Path) -> None:
    """What stands beside Sphinx's pages: the chapters as they are read, and the lab as one page."""
    lab_of = importlib.import_module("polyak.lab.lab")
    import polyak as pk

    (folder / "chapters").mkdir(parents=True)
    for chapter in stage.chapters():
        pk.read(chapter, out=folder / "chapters" / f"{chapter.stem}.html")
    first = [lab_of.FIRST, lab_of.Chosen("gradient_descent", {"lr": 0.4})]
    made = lab_of.lab_of({}, first, pk.landscapes.ravine, None)
    made.export(folder / "lab.html")
    made.stop()


def _say(text: str, began: float) -> None:
    print(f"{time.perf_counter() - began:5.0f} s  {text}", flush=True)


if __name__ == "__main__":
    main()
