"""Images: inside the page, as data; what cannot be had is a labelled box."""

from __future__ import annotations

import base64
import re
from html import escape
from pathlib import Path
from urllib.parse import unquote

KINDS = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
}
LARGEST = 32 * 2**20  # bytes


class Images:
    """Embeds a document's images, and remembers those that are missing.

    Args:
        folder: where the document stands; its images are named from there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.missing: list[str] = []

    def __call__(self, source: str, words: str, *, width: str = "", title: str = "") -> str:
        """An image as HTML.

        Args:
            source: the image's place, as the document has it.
            words: what it shows, for who cannot see it; its file's name if there are none.
            width: a width in pixels, if the document asks for one.
            title: what is shown beside the pointer.

        >>> print(Images(Path())("no/such.png", "a ravine"))  # doctest: +ELLIPSIS
        <span class="missing" ...>missing image: a ravine (no/such.png: no such file)</span>
        """
        words = words.strip() or Path(unquote(source)).name or "an image"
        data, trouble = self._data(source)
        if trouble:
            self.missing.append(source)
            said = f"missing image: {words} ({source[:200]}: {trouble})"
            return f'<span class="missing" role="img" aria-label="{escape(words)}">{escape(said)}</span>'
        size = f' width="{width}"' if re.fullmatch(r"\d{1,4}", width) else ""
        tip = f' title="{escape(title)}"' if title else ""
        return f'<img alt="{escape(words)}" src="{escape(data)}"{size}{tip}>'

    def _data(self, source: str) -> tuple[str, str]:
        """The image as a data URI, or why there is none."""
        if re.match(r"data:image/[\w.+-]+[;,]", source):
            return source, ""
        if re.match(r"([a-zA-Z][a-zA-Z0-9+.-]+:|//)", source):
            return "", "it is not on this machine"
        try:
            return self._read(self.folder / unquote(source))
        except (OSError, ValueError):
            return "", "it cannot be read"

    def _read(self, file: Path) -> tuple[str, str]:
        kind = KINDS.get(file.suffix.lower())
        if kind is None:
            return "", "no kind of image that a page can hold"
        if not file.is_file():
            return "", "no such file"
        if file.stat().st_size > LARGEST:
            return "", f"larger than {LARGEST // 2**20} MiB"
        return f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}", ""
