"""Headless Chromium over its DevTools protocol: opens pages, waits for what they show, clicks, takes pictures."""

import base64
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from websockets.sync.client import ClientConnection, connect

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-port=0",
)  # fmt: skip
START_SECONDS = 60
PAGE_SECONDS = 60
LARGEST_MESSAGE = 64 * 1024 * 1024  # a picture in base64
# The innermost visible element that shows exactly this text.
FOUND = """[...document.querySelectorAll('a,button,[role=button],[role=tab],div,span')]
  .filter(e => e.textContent.trim() === %s && e.offsetParent !== null).pop()"""


class PageFailed(RuntimeError):
    """A page did not show in time what it should; the message says what."""


class Page:
    """One tab."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._sent = 0
        self.complaints: list[str] = []  # what the console was told, the browser's own refusals too
        for domain in ("Page", "Runtime", "Log"):
            self._send(f"{domain}.enable")

    def size(self, width: int, height: int) -> None:
        """Make the window so many CSS pixels large."""
        self._send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def dark(self, *, wanted: bool) -> None:
        """Let the reader prefer dark pages, or light ones."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if wanted else "light"}
        self._send("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, url: str) -> None:
        """Go there."""
        self._send("Page.navigate", url=url)

    def load(self, url: str) -> None:
        """Go there and wait until everything is loaded."""
        self.value("window.leaving = true")
        self.open(url)
        self.wait_for("!window.leaving && document.readyState === 'complete'")

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press and release a key, by its name and its Windows code; `text` is what it types."""
        named = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self._send("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **named)
        self._send("Input.dispatchKeyEvent", type="keyUp", **named)

    def value(self, script: str) -> Any:
        """What the expression is worth in the page. Raises PageFailed where it throws."""
        answer = self._send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise PageFailed(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait_for(self, script: str, seconds: float = PAGE_SECONDS) -> None:
        """Until the expression is true. Raises PageFailed with what the page shows instead."""
        deadline = time.monotonic() + seconds
        while not self.value(script):
            if time.monotonic() > deadline:
                raise PageFailed(f"not in {seconds:.0f} s: {script}; shown is: {self.value('document.body.innerText')}")
            time.sleep(0.2)

    def wait_for_text(self, text: str) -> None:
        """Until the page shows it."""
        self.wait_for(f"!!document.body && document.body.innerText.includes({json.dumps(text)})")

    def click(self, text: str) -> None:
        """Click what shows exactly this text, once it is there."""
        found = FOUND % json.dumps(text)
        self.wait_for(f"!!({found})")
        self.value(f"({found}).scrollIntoView({{block: 'center'}}); ({found}).click()")

    def point(self, found: str) -> None:
        """Press the mouse's button where this expression's element is. Raises PageFailed where another covers it."""
        place = f"""(() => {{ const e = {found}; if (!e) return null;
          e.scrollIntoView({{block: 'center'}}); const box = e.getClientRects()[0];
          const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
          return e.contains(document.elementFromPoint(x, y)) ? [x, y] : null; }})()"""
        where = self.value(place)
        if where is None:
            raise PageFailed(f"not there to be clicked: {found}")
        for kind in ("mousePressed", "mouseReleased"):
            self._send("Input.dispatchMouseEvent", type=kind, x=where[0], y=where[1], button="left", clickCount=1)

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """Write what the window shows as PNG, or the whole page."""
        how = {"format": "png", "captureBeyondViewport": whole}
        if whole:
            size = self._send("Page.getLayoutMetrics")["cssContentSize"]
            how["clip"] = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        path.write_bytes(base64.b64decode(self._send("Page.captureScreenshot", **how)["data"]))

    def _send(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._sent += 1
        self._socket.send(json.dumps({"id": self._sent, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(PAGE_SECONDS))
            if answer.get("id") == self._sent:
                if "error" in answer:
                    raise PageFailed(f"{method}: {answer['error']}")
                return answer["result"]
            self._hear(answer)

    def _hear(self, event: dict[str, Any]) -> None:
        told = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(told["exceptionDetails"]))
        elif event.get("method") == "Runtime.consoleAPICalled" and told["type"] in {"error", "warning"}:
            self.complaints.append(str(told["args"]))
        elif event.get("method") == "Log.entryAdded" and told["entry"]["level"] in {"error", "warning"}:
            self.complaints.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")


@contextmanager
def browser() -> Iterator[Page]:
    """A tab of a Chromium of its own, which is ended after."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        raise PageFailed("Chromium is not installed: apt-get install chromium")
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        command = [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
        try:
            place = f"http://127.0.0.1:{_port(Path(profile), process)}/json/new?about:blank"
            with urlopen(Request(place, method="PUT"), timeout=START_SECONDS) as response:
                address = json.load(response)["webSocketDebuggerUrl"]
            with connect(address, max_size=LARGEST_MESSAGE, proxy=None) as socket:
                yield Page(socket)
        finally:
            process.terminate()
            process.wait(START_SECONDS)


def _port(profile: Path, process: subprocess.Popen[bytes]) -> str:
    """The port that the browser chose, which it writes to a file."""
    told, deadline = profile / "DevToolsActivePort", time.monotonic() + START_SECONDS
    while not told.exists() or not told.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            raise PageFailed(f"Chromium did not start (exit code {process.poll()})")
        time.sleep(0.1)
    return told.read_text().split()[0]
