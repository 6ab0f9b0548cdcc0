"""What browser tests share: a server to visit, signing in, the keyboard, what every page keeps."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import uvicorn
from playwright.sync_api import Page, expect

from tests.people import Stage

ANN = "ann@example.com"
FOCUSED = """() => {
  const element = document.activeElement;
  const name = (element.labels?.[0] ?? element).innerText.trim();
  return [name, getComputedStyle(element).outlineStyle];
}"""
CONTRAST = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = numbers(colour).slice(0, 3).map((v) => {
      v /= 255;
      return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (numbers(colour)[3] !== 0) return colour;
    }
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const words = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!words) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(paper(element))].sort();
    if ((b + 0.05) / (a + 0.05) < 4.5) faint.push(element.outerHTML);
  }
  return faint;
}"""


@contextmanager
def serving(application: object, port: int) -> Iterator[None]:
    """The application on a port of this machine, in a thread with an event loop of its own."""
    config = uvicorn.Config(application, port=port, log_config=None, lifespan="on")  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield
    server.should_exit = True
    thread.join()


def sign_in(page: Page, stage: Stage) -> None:
    """From the sign-in page through the letter's link."""
    page.get_by_label("Email address").fill(ANN)
    page.get_by_role("button", name="Send me a letter").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    page.goto(stage.letters.link)
    page.get_by_role("button", name="Sign in").click()


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what has this name has the focus, and shows it."""
    for _ in range(10):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused[0] == name:
            assert focused[1] != "none"
            return
    raise AssertionError(f"{name} cannot be reached by Tab")


def check_page(page: Page) -> None:
    """Headings in order, one main part, labels on fields, nothing cut off, nothing faint."""
    expect(page.get_by_role("main")).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    levels = page.eval_on_selector_all("h1, h2, h3", "all => all.map((e) => +e.tagName[1])")
    assert all(after - before <= 1 for before, after in pairwise(levels))
    unlabelled = "input:not([type=hidden])"
    said = "all => all.every((e) => e.labels.length || e.getAttribute('aria-label'))"
    assert page.eval_on_selector_all(unlabelled, said)
    width = page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= 320, f"{page.url} is {width} pixels wide"
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.evaluate(CONTRAST) == []
