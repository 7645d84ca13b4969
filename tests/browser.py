"""A real browser for tests: Chromium, driven over its DevTools pipe."""

import base64
import itertools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def program() -> str | None:
    """Return the path of Chromium, or None."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Browser:
    """One page in one browser."""

    def __init__(self, to: int, of: int) -> None:
        self._to = os.fdopen(to, "wb", buffering=0)
        self._of = os.fdopen(of, "rb")
        self._numbers = itertools.count(1)
        self._session: str | None = None
        self.requests: list[str] = []
        self.log_entries: list[str] = []
        self.errors: list[str] = []
        """What the console shows as an error or a warning of a script, and exceptions."""
        page = self.command("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.command("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime", "Accessibility", "DOM"):
            self.command(f"{domain}.enable")

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._to.write(json.dumps(message).encode() + b"\0")
        return self._until(lambda event: event.get("id") == number)

    def _until(self, is_expected: Any) -> dict[str, Any]:
        while True:
            event = self._receive()
            if "error" in event:
                raise RuntimeError(event["error"])
            if is_expected(event):
                result: dict[str, Any] = event.get("result", event)
                return result

    def _receive(self) -> dict[str, Any]:
        received = bytearray()
        while (byte := self._of.read(1)) != b"\0":
            if not byte:
                raise EOFError("the browser is gone")
            received += byte
        event: dict[str, Any] = json.loads(received)
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
        return event

    def _loaded(self) -> None:
        self._until(lambda event: event.get("method") == "Page.loadEventFired")

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

    def close(self) -> None:
        self._to.close()
        self._of.close()

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
def opened(home: Path, *, width: int = 1024, scripts: bool = True) -> Iterator[Browser]:
    """Open a browser with its files in ``home``; ``scripts`` enables the scripts of pages."""
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
    process = subprocess.Popen(
        ["/bin/bash", "-c", redirect, "browser", path, *flags],
        pass_fds=(reads, writes),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(reads)
    os.close(writes)
    try:
        browser = Browser(to, of)
        browser.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=640, deviceScaleFactor=1, mobile=width < 600
        )
        browser.command("Emulation.setScriptExecutionDisabled", value=not scripts)
        yield browser
        browser.close()
    finally:
        process.kill()
        process.wait(10)
