"""A real browser for tests: Chromium, told what to do over its DevTools pipe, without a library between."""

import itertools
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def program() -> str | None:
    """Give where Chromium is installed; None where it is not."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Browser:
    """One page in one browser."""

    def __init__(self, to: int, of: int) -> None:
        self._to = os.fdopen(to, "wb", buffering=0)
        self._of = os.fdopen(of, "rb")
        self._numbers = itertools.count(1)
        self._session: str | None = None
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page = self.tell("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.tell("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime", "Accessibility", "DOM"):
            self.tell(f"{domain}.enable")

    def tell(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Give a command, and give its result."""
        number = next(self._numbers)
        said: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session:
            said["sessionId"] = self._session
        self._to.write(json.dumps(said).encode() + b"\0")
        return self._until(lambda heard: heard.get("id") == number)

    def _until(self, is_it: Any) -> dict[str, Any]:
        while True:
            heard = self._hear()
            if "error" in heard:
                raise RuntimeError(heard["error"])
            if is_it(heard):
                result: dict[str, Any] = heard.get("result", heard)
                return result

    def _hear(self) -> dict[str, Any]:
        octets = bytearray()
        while (octet := self._of.read(1)) != b"\0":
            if not octet:
                raise EOFError("the browser is gone")
            octets += octet
        heard: dict[str, Any] = json.loads(octets)
        match heard.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(heard["params"]["request"]["url"])
            case "Log.entryAdded":
                self.complaints.append(heard["params"]["entry"]["text"])
        return heard

    def _loaded(self) -> None:
        self._until(lambda heard: heard.get("method") == "Page.loadEventFired")

    def open(self, url: str) -> None:
        """Go to a page, and wait until it is there."""
        self.tell("Page.navigate", url=url)
        self._loaded()

    def value(self, script: str) -> Any:
        """Evaluate in the page, as its developer would; works with the page's own scripts turned off, too."""
        return self.tell("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def click(self, selector: str) -> None:
        """Click in the middle of an element with the mouse, and wait for the page that follows."""
        place = self.value(
            f"box = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
            "[box.x + box.width / 2, box.y + box.height / 2]"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.tell(
                "Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1, buttons=1
            )
        self._loaded()

    def press(self, key: str) -> None:
        """Press a key."""
        codes = {"Tab": (9, ""), "Enter": (13, "\r")}
        number, text = codes[key]
        for kind in ("keyDown", "keyUp"):
            self.tell(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=number,
                **({"text": text} if kind == "keyDown" and text else {}),
            )

    def close(self) -> None:
        self._to.close()
        self._of.close()

    def wait_for_page(self) -> None:
        """Wait for a page that something else set off."""
        self._loaded()

    def roles(self) -> list[tuple[str, str]]:
        """Give what a screen reader is told: roles and names."""
        nodes = self.tell("Accessibility.getFullAXTree")["nodes"]
        return [
            (str(node["role"]["value"]), str(node.get("name", {}).get("value", "")))
            for node in nodes
            if not node.get("ignored")
        ]


@contextmanager
def opened(home: Path, *, width: int = 1024, scripts: bool = True) -> Iterator[Browser]:
    """Open a browser of that width, its files in ``home``, with or without what pages would run."""
    found = program()
    assert found is not None
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
    put = f'exec "$@" 3<&{reads} 4>&{writes}'
    process = subprocess.Popen(
        ["/bin/bash", "-c", put, "browser", found, *flags],
        pass_fds=(reads, writes),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(reads)
    os.close(writes)
    try:
        browser = Browser(to, of)
        browser.tell(
            "Emulation.setDeviceMetricsOverride", width=width, height=640, deviceScaleFactor=1, mobile=width < 600
        )
        browser.tell("Emulation.setScriptExecutionDisabled", value=not scripts)
        yield browser
        browser.close()
    finally:
        process.kill()
        process.wait(10)
