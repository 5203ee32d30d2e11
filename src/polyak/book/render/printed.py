"""A page as a PDF, printed by a headless Chromium where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from polyak.ground.errors import PolyakError

PRINTERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
PATIENCE = 120.0  # seconds that the printing may take


def printer() -> str:
    """The browser that prints.

    Raises:
        PolyakError: there is none; the line says what to do instead.
    """
    found = next(filter(None, map(shutil.which, PRINTERS)), None)
    if found is None:
        raise PolyakError(
            f"a PDF is printed by Chromium or Chrome, and none is here (looked for: {', '.join(PRINTERS)}); "
            "--to html makes a page that any browser prints"
        )
    return found


def pdf(page: str) -> bytes:
    """A page, that has all it needs inside, as a PDF.

    Raises:
        PolyakError: there is no browser that prints, or it fails.
    """
    browser = printer()
    with tempfile.TemporaryDirectory(prefix="polyak-", ignore_cleanup_errors=True) as folder:
        source, made = Path(folder) / "page.html", Path(folder) / "page.pdf"
        source.write_text(page, "utf-8")
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            f"--user-data-dir={folder}/profile",
            "--no-pdf-header-footer",
            f"--print-to-pdf={made}",
            source.as_uri(),
        ]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.insert(1, "--no-sandbox")  # Chromium refuses its sandbox to root; the page runs no script
        try:
            done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PolyakError(f"{browser} printed nothing: {type(error).__name__}") from None
        if not made.is_file():
            last = done.stderr.decode("utf-8", "replace").strip().split("\n")[-1][:120]
            raise PolyakError(f"{browser} printed nothing (code {done.returncode}): {last}")
        return made.read_bytes()
