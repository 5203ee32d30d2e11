"""A real browser on a real lab: Debian's Chromium, found on the path, driven through selenium."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from patience import PATIENCE
from polyak.lab.lab import Lab, lab
from polyak.lab.link import encoded
from polyak.lab.offer import Offer, offer
from polyak.lab.page import Page
from polyak.lab.state import ATTRIBUTES
from polyak.rules import GradientDescent, HeavyBall


class Browser:
    """A tab on a lab, and the numbers on it."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, address: str) -> None:
        """Go there, and wait until the page is drawn and its second and third turn are done."""
        self.driver.get(address)
        self.until(
            lambda: self.js(
                "return !!window.Bokeh && Bokeh.documents.length > 0 && Bokeh.documents[0].is_idle"
            )
        )
        self.until(lambda: "polyak trace" in self.get("lines", "text"))

    def fresh(self, served: Lab) -> None:
        """The lab's first page: the one that is open, if it is, brought back to where it began."""
        page = self.page_of(served)
        if page is None:
            self.open(served.address)
            return
        begin = {name: getattr(served.first, name) for name in ATTRIBUTES} | dict(served.first.own)
        letters, training = encoded(served.first), page.panels["training"]

        def back() -> None:
            training.on = False
            training.close()
            training.progress.visible = False
            page.change(**begin)
            page.say("")
            page.turns.be_patient()

        page.later(back)
        self.until(lambda: f"?state={letters}" in self.get("links", "text") and page.state == served.first)
        self.until(lambda: self.js("return Bokeh.documents[0].is_idle"))

    def page_of(self, served: Lab) -> Page | None:
        """The page that the tab is on, if it is the lab's first and still open."""
        if self.driver.current_url != served.address:
            return None
        notice = self.js("return Bokeh.documents[0].get_model_by_name('notice').id")
        return next((page for page in served.pages if page.notice.id == notice), None)

    def js(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def until(self, true: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := true():
                return found
            time.sleep(0.02)
        raise AssertionError(f"not within {seconds} s; the page says: {self.notice()}")

    def get(self, name: str, attribute: str) -> Any:
        """A model's attribute, by the model's name."""
        return self.js(f"return Bokeh.documents[0].get_model_by_name(arguments[0]).{attribute}", name)

    def column(self, name: str, column: str) -> list[Any]:
        """A source's column as the page has it; nan as None."""
        return self.js(
            "const source = Bokeh.documents[0].get_model_by_name(arguments[0]);"
            "const c = source === null ? [] : source.data[arguments[1]];"
            "return Array.from(c, v => typeof v === 'number' && !isFinite(v) ? null : v)",
            name,
            column,
        )

    def set(self, name: str, value: Any, attribute: str = "value") -> None:
        """Give a widget a value, as a hand on it does."""
        self.js(f"Bokeh.documents[0].get_model_by_name(arguments[0]).{attribute} = arguments[1]", name, value)

    def click(self, name: str) -> None:
        """Click a Bokeh button with the mouse."""
        element = self.js(
            "const model = Bokeh.documents[0].get_model_by_name(arguments[0]);"
            "const view = Bokeh.index.find_one(model);"
            "view.el.scrollIntoView({block: 'center'});"
            "return view.el.shadowRoot.querySelector('button')",
            name,
        )
        element.click()

    def notice(self) -> str:
        """The line at the head of the page, without its tags."""
        return str(
            self.js("return Bokeh.documents[0].get_model_by_name('notice').text.replace(/<[^>]*>/g, '')")
        )

    def place(self, figure: str, x: float, y: float) -> tuple[int, int]:
        """Where a point of a figure is on the screen."""
        found = self.js(
            "const model = Bokeh.documents[0].get_model_by_name(arguments[0]);"
            "const view = Bokeh.index.find_one(model);"
            "view.el.scrollIntoView({block: 'center'});"
            "const box = view.canvas_view.el.getBoundingClientRect();"
            "const frame = view.frame;"
            "return [box.left + frame.x_scale.compute(arguments[1]), box.top + frame.y_scale.compute(arguments[2])]",
            figure,
            x,
            y,
        )
        return round(found[0]), round(found[1])

    def drag(self, figure: str, begin: tuple[float, float], end: tuple[float, float]) -> None:
        """Press, move in five steps, release: with the mouse, in the figure's own numbers."""
        from selenium.webdriver.common.actions.action_builder import ActionBuilder

        self.place(figure, *begin)
        time.sleep(0.2)
        first, last = self.place(figure, *begin), self.place(figure, *end)
        builder = ActionBuilder(self.driver, duration=30)
        pointer = builder.pointer_action
        pointer.move_to_location(*first)
        pointer.pointer_down()
        for k in range(1, 6):
            pointer.move_to_location(*(round(a + (b - a) * k / 5) for a, b in zip(first, last)))
            pointer.pause(0.03)
        pointer.pointer_up()
        builder.perform()

    def point(self, figure: str, x: float, y: float) -> None:
        """Move the mouse there."""
        from selenium.webdriver.common.actions.action_builder import ActionBuilder

        self.place(figure, x, y)
        time.sleep(0.2)
        builder = ActionBuilder(self.driver, duration=30)
        builder.pointer_action.move_to_location(*self.place(figure, x, y))
        builder.perform()

    def errors(self) -> list[str]:
        """What the console counted as errors since this was last asked."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]

    def requests(self) -> list[str]:
        """The addresses asked for since this was last asked, those of the browser's own pages left out."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        asked = [
            m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"
        ]
        asked += [m["params"]["url"] for m in messages if m["method"] == "Network.webSocketCreated"]
        return [url for url in asked if not url.startswith(("data:", "chrome:", "blob:"))]


@pytest.fixture
def browser(driver: Any) -> Iterator[Browser]:
    """A tab; what it counted as errors fails the test."""
    found = Browser(driver)
    found.errors(), found.requests()
    yield found
    assert found.errors() == []


@pytest.fixture(scope="session")
def served() -> Iterator[Lab]:
    """A lab with the chapter's two rules at its two settings."""
    made = lab(HeavyBall(lr=0.6, momentum=0.5), GradientDescent(lr=0.4))
    yield made
    made.stop()


@pytest.fixture(scope="session")
def offered() -> Offer:
    """What every lab has."""
    return offer()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
