"""A real browser for tests: Chromium, driven over its DevTools pipe."""

import atexit
import base64
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def program() -> str | None:
    """Return the path of Chromium, or None."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Chromium:
    """One process with all pages of a worker of the tests."""

    def __init__(self, home: Path) -> None:
        """Start it with its files in ``home``."""
        path = program()
        assert path is not None
        reads, to = os.pipe()
        of, writes = os.pipe()
        flags = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--remote-debugging-pipe",
            f"--user-data-dir={home}",
        ]
        # Chromium reads commands at descriptor 3 and answers at 4; a shell puts the pipes there.
        redirect = f'exec "$@" 3<&{reads} 4>&{writes}'
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", redirect, "browser", path, *flags],
            pass_fds=(reads, writes),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(reads)
        os.close(writes)
        self._to = os.fdopen(to, "wb", buffering=0)
        self._of = os.fdopen(of, "rb", buffering=0)
        self._received = bytearray()
        self._numbers = itertools.count(1)
        self.pages: dict[str, Browser] = {}

    def command(self, method: str, session: str | None, parameters: dict[str, Any]) -> dict[str, Any]:
        """Send a command to the session of a page, or to the browser, and return its result."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self._to.write(json.dumps(message).encode() + b"\0")
        return self.wait_for(lambda event: event.get("id") == number)

    def wait_for(self, is_expected: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Pass events to their pages until one is expected, and return its result."""
        while True:
            event = self._receive()
            if page := self.pages.get(event.get("sessionId", "")):
                page.record(event)
            if "error" in event:
                raise RuntimeError(event["error"])
            if is_expected(event):
                result: dict[str, Any] = event.get("result", event)
                return result

    def _receive(self) -> dict[str, Any]:
        begin = 0
        while (end := self._received.find(b"\0", begin)) < 0:
            begin = len(self._received)
            octets = self._of.read(1 << 20)
            if not octets:
                raise EOFError("the browser is gone")
            self._received += octets
        event: dict[str, Any] = json.loads(self._received[:end])
        del self._received[: end + 1]
        return event

    def end(self) -> None:
        """Kill the process."""
        self._to.close()
        self._of.close()
        self._process.kill()
        self._process.wait(10)


@cache
def _chromium() -> Chromium:
    """Start the Chromium of this process, which ends with it."""
    home = tempfile.mkdtemp(prefix="browser-")
    chromium = Chromium(Path(home))

    def end() -> None:
        chromium.end()
        shutil.rmtree(home, ignore_errors=True)

    atexit.register(end)
    return chromium


class Browser:
    """One page with cookies and a cache of its own."""

    def __init__(self, context: str = "") -> None:
        """Open a page; in a context, it is a tab that shares cookies and cache with the others."""
        self._chromium = _chromium()
        self._session: str | None = None
        self.requests: list[str] = []
        self.log_entries: list[str] = []
        self.errors: list[str] = []
        """What the console shows as an error or a warning of a script, and exceptions."""
        self._context = context or self.command("Target.createBrowserContext")["browserContextId"]
        page = self.command("Target.createTarget", url="about:blank", browserContextId=self._context)["targetId"]
        session = str(self.command("Target.attachToTarget", targetId=page, flatten=True)["sessionId"])
        self._session = session
        self._chromium.pages[session] = self
        for domain in ("Page", "Network", "Log", "Runtime", "Accessibility", "DOM"):
            self.command(f"{domain}.enable")

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        return self._chromium.command(method, self._session, parameters)

    def record(self, event: dict[str, Any]) -> None:
        """Keep what an event of this page tells."""
        match event.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(event["params"]["request"]["url"])
            case "Log.entryAdded":
                self.log_entries.append(event["params"]["entry"]["text"])
                if event["params"]["entry"]["level"] == "error":
                    self.errors.append(event["params"]["entry"]["text"])
            case "Runtime.exceptionThrown":
                self.errors.append(str(event["params"]["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if event["params"]["type"] in {"error", "warning", "assert"}:
                self.errors.append(str(event["params"]["args"]))

    def _loaded(self) -> None:
        self._chromium.wait_for(
            lambda event: event.get("method") == "Page.loadEventFired" and event.get("sessionId") == self._session
        )

    def open(self, url: str) -> None:
        """Navigate to a page and wait until it is loaded."""
        self.command("Page.navigate", url=url)
        self._loaded()

    def value(self, script: str) -> Any:
        """Evaluate a script as the developer tools do, even if the page's own scripts are disabled."""
        return self.command("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def click(self, selector: str) -> None:
        """Click in the middle of an element and wait for the next page."""
        center = self.value(
            f"element = document.querySelector({json.dumps(selector)}); element.scrollIntoView({{block: 'center'}});"
            "box = element.getBoundingClientRect(); [box.x + box.width / 2, box.y + box.height / 2]"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.command(
                "Input.dispatchMouseEvent", type=kind, x=center[0], y=center[1], button="left", clickCount=1, buttons=1
            )
        self._loaded()

    def press(self, key: str) -> None:
        """Press a key."""
        codes = {"Tab": (9, ""), "Enter": (13, "\r"), "Space": (32, " "), "ArrowDown": (40, ""), "Escape": (27, "")}
        number, text = codes[key]
        for kind in ("keyDown", "keyUp"):
            self.command(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=number,
                **({"text": text} if kind == "keyDown" and text else {}),
            )

    def type_key(self, character: str) -> None:
        """Press the key of a character."""
        self.command("Input.dispatchKeyEvent", type="keyDown", key=character, text=character)
        self.command("Input.dispatchKeyEvent", type="keyUp", key=character)

    def wait_until(self, script: str) -> None:
        """Wait until a script is true, on whatever page is loaded then."""
        for _ in range(600):
            if self.value(script):
                return
            time.sleep(0.05)
        raise TimeoutError(script)

    def type_text(self, text: str) -> None:
        """Insert text where the focus is."""
        self.command("Input.insertText", text=text)

    def resize(self, width: int, height: int = 640, *, is_dark: bool = False) -> None:
        """Change the size of the window and the preferred colours."""
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.command("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self, path: Path, *, is_whole: bool = True) -> None:
        """Write a picture of the whole page, or of what the window shows."""
        picture = self.command("Page.captureScreenshot", captureBeyondViewport=is_whole)
        path.write_bytes(base64.b64decode(picture["data"]))

    def tab(self) -> "Browser":
        """Open another tab beside this one, until this one is closed."""
        return Browser(self._context)

    def close(self) -> None:
        """Close the page and its other tabs, and forget its cookies and its cache."""
        self._chromium.command("Target.disposeBrowserContext", None, {"browserContextId": self._context})
        del self._chromium.pages[str(self._session)]

    def wait_for_page(self) -> None:
        """Wait for a page load that another action started."""
        self._loaded()

    def roles(self) -> list[tuple[str, str]]:
        """Return the roles and names of the accessibility tree."""
        nodes = self.command("Accessibility.getFullAXTree")["nodes"]
        return [
            (str(node["role"]["value"]), str(node.get("name", {}).get("value", "")))
            for node in nodes
            if not node.get("ignored")
        ]


@contextmanager
def opened(*, width: int = 1024, scripts: bool = True) -> Iterator[Browser]:
    """Open a page in the Chromium of this process; ``scripts`` enables the scripts of pages."""
    browser = Browser()
    try:
        browser.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=640, deviceScaleFactor=1, mobile=width < 600
        )
        browser.command("Emulation.setScriptExecutionDisabled", value=not scripts)
        yield browser
    finally:
        browser.close()
