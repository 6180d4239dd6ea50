"""A headless Chromium, driven by the WebDriver protocol (https://www.w3.org/TR/webdriver2/) of chromedriver."""

from __future__ import annotations

import base64
import pathlib
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from tests.integration.tools import node_packages, tool

__all__ = ["WIDTHS", "Browser", "axe_findings", "browser_of", "running_browser"]

WIDTHS = {"desktop": 1300, "tablet": 800, "phone": 390}
"""Widths of pages, in CSS pixels."""

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The key that the protocol names elements under."""

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
_WAIT_MS = 20_000
"""How long an element may take to appear, in milliseconds: generous, for a loaded machine."""


class Browser:
    """One window.

    Args:
        session: The URL of the driver's session.
    """

    def __init__(self, session: str) -> None:
        self._session = session

    def open(self, url: str) -> None:
        """Opens a page and waits for it."""
        self._call("POST", "/url", url=url)

    def text(self, selector: str = "body") -> str:
        """Returns the visible text of an element, once it is there."""
        text: str = self._call("GET", f"/element/{self._find(selector)}/text")
        return text

    def wait_for(self, xpath: str) -> None:
        """Waits until an element is there."""
        self._call("POST", "/element", using="xpath", value=xpath)

    def click(self, selector: str) -> None:
        """Clicks an element."""
        self._call("POST", f"/element/{self._find(selector)}/click")

    def type(self, selector: str, text: str) -> None:
        """Types into an element."""
        self._call("POST", f"/element/{self._find(selector)}/value", text=text)

    def script(self, script: str) -> Any:
        """Returns what a script returns that runs in the page."""
        return self._call("POST", "/execute/sync", script=script, args=[])

    def script_async(self, script: str) -> Any:
        """Returns what a script hands to its last argument, a function."""
        return self._call("POST", "/execute/async", script=script, args=[])

    def prefer(self, scheme: str) -> None:
        """Prefers the `light` or `dark` colour scheme."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._call("POST", "/goog/cdp/execute", cmd="Emulation.setEmulatedMedia", params={"features": features})

    def press(self, key: str) -> None:
        """Presses a key, by its code point in the WebDriver protocol, as "\ue004" for Tab."""
        actions = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        self._call("POST", "/actions", actions=[{"type": "key", "id": "keyboard", "actions": actions}])

    def screenshot(self, file: pathlib.Path) -> None:
        """Writes what the window shows to a PNG file."""
        file.write_bytes(base64.b64decode(self._call("GET", "/screenshot")))

    def console_errors(self) -> list[str]:
        """Returns the errors that the page has logged, failed loads and refused scripts among them."""
        lines = self._call("POST", "/se/log", type="browser")
        return [line["message"] for line in lines if line["level"] == "SEVERE"]

    def _find(self, selector: str) -> str:
        found: str = self._call("POST", "/element", using="css selector", value=selector)[_ELEMENT]
        return found

    def _call(self, method: str, path: str, **body: Any) -> Any:
        answer = requests.request(method, self._session + path, json=body if method == "POST" else None, timeout=60)
        value = answer.json()["value"]
        if not answer.ok:
            raise RuntimeError(f"{method} {path}: {value['error']}: {value['message']}")
        return value


@contextmanager
def running_browser(folder: pathlib.Path, width: int, height: int) -> Iterator[Browser]:
    """Runs a browser with a window of some size.

    Args:
        folder: Where its profile goes; a new one each time.
        width: The page's width in CSS pixels.
        height: The page's height in CSS pixels.
    """
    chromium = tool("chromium")
    with subprocess.Popen([tool("chromedriver"), "--port=0"], stdout=subprocess.PIPE, text=True) as driver:
        try:
            assert driver.stdout is not None
            started = (re.search(r"started successfully on port (\d+)", line) for line in driver.stdout)
            port = next(found[1] for found in started if found)
            options = {
                "binary": chromium,
                "args": [*_FLAGS, f"--user-data-dir={folder / 'profile'}"],
                # A window can't be as narrow as a phone; an emulated screen can.
                "mobileEmulation": {"deviceMetrics": {"width": width, "height": height, "pixelRatio": 1.0}},
            }
            capabilities = {
                "timeouts": {"implicit": _WAIT_MS, "script": 60_000},
                "goog:chromeOptions": options,
                "goog:loggingPrefs": {"browser": "ALL"},
            }
            base = f"http://127.0.0.1:{port}/session"
            answer = requests.post(base, json={"capabilities": {"alwaysMatch": capabilities}}, timeout=120)
            answer.raise_for_status()
            session = f"{base}/{answer.json()['value']['sessionId']}"
            try:
                yield Browser(session)
            finally:
                requests.delete(session, timeout=60)
        finally:
            driver.terminate()


def browser_of(width: int, folder: pathlib.Path) -> Iterator[Browser]:
    """Yields a browser of one of the `WIDTHS`, for a fixture."""
    with running_browser(folder, width, 844) as browser:
        yield browser


_AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, { rules: { "target-size": { enabled: true } } }).then(result => done({
  passes: result.passes.length,
  violations: result.violations.map(rule => [rule.id, rule.nodes.map(node => node.html)]),
}));
"""


def axe_findings(browser: Browser) -> Any:
    """Returns what axe (https://github.com/dequelabs/axe-core) finds in the open page: `passes` and `violations`."""
    axe = (node_packages() / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    return browser.script_async(axe + _AXE)
