"""The built site, page by page: each link leads somewhere, and nothing on a page is fetched from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

FETCHED = {
    "img": "src",
    "script": "src",
    "link": "href",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
}
WORDS_ALONE = {"canonical", "next", "prev", "index", "search", "author"}  # links that no browser fetches
FROM_ELSEWHERE = re.compile(r"(?:@import\s+|url\()\s*['\"]?(?:https?:)?//[^)'\"]+", re.IGNORECASE)


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.places |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        wanted = given.get(FETCHED.get(tag, ""), "")
        if wanted and not (tag == "link" and given.get("rel", "") in WORDS_ALONE):
            self.fetched.append(wanted)


def complaints(site: Path) -> list[str]:
    """What is wrong, a line each."""
    pages = {path.resolve(): _Page(path.read_text("utf-8")) for path in sorted(site.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        name = path.relative_to(site.resolve())
        found += [f"{name} fetches {each}" for each in page.fetched if _is_elsewhere(each)]
        for link in [*page.links, *(each for each in page.fetched if not each.startswith("data:"))]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists():
                found.append(f"{name} leads to {link}, which is not there")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].places:
                found.append(f"{name} leads to {link}, and there is no such place")
    for path in sorted(site.rglob("*.css")):
        found += [f"{path.name} fetches {each}" for each in FROM_ELSEWHERE.findall(path.read_text("utf-8"))]
    return found


def _is_elsewhere(address: str) -> bool:
    return urlsplit(address).scheme in ("http", "https") or address.startswith("//")
