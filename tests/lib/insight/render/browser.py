"""A headless Chromium, driven through its DevTools protocol over a pipe: nothing to install beside the browser."""

import base64
import contextlib
import itertools
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


def program() -> str | None:
    """Return the path of a browser that starts, None without any."""
    for name in NAMES:
        if path := shutil.which(name):
            answer = subprocess.run([path, "--version"], capture_output=True, check=False, timeout=60)
            if answer.returncode == 0:
                return path
    return None


class Tab:
    """One tab: commands to it, and the events that came meanwhile."""

    def __init__(self, pipe: tuple[int, int]) -> None:
        self._read, self._write = pipe
        self._ids = itertools.count(1)
        self._rest = b""
        self._session = ""
        self.events: list[dict[str, Any]] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> Any:
        """Send a command and return its result; events that come before it are kept."""
        number = next(self._ids)
        command = {"id": number, "method": method, "params": parameters}
        os.write(self._write, json.dumps(command | self._addressed()).encode() + b"\0")
        while (message := self._next()).get("id") != number:
            self.events.append(message)
        if "error" in message:
            raise AssertionError(f"{method}: {message['error']['message']}")
        return message["result"]

    def open(self, page: Path) -> None:
        """Load a file and wait until all of it is there."""
        self.ask("Page.navigate", url=page.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def show(self, *, width: int = 1200, dark: bool = False, media: str = "screen") -> None:
        """Be a screen of this width in this colour scheme, or paper."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def run(self, script: str) -> Any:
        """Return what a script's value is."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    def pdf(self) -> bytes:
        """Return the page as it is printed."""
        return base64.b64decode(self.ask("Page.printToPDF", printBackground=True, preferCSSPageSize=True)["data"])

    def images(self) -> list[tuple[str, str]]:
        """Return name and description of every image, as a screen reader is told them."""
        nodes = self.ask("Accessibility.getFullAXTree")["nodes"]
        shown = [node for node in nodes if node.get("role", {}).get("value") in ("image", "img")]
        return [tuple(node.get(key, {}).get("value", "") for key in ("name", "description")) for node in shown]

    def _addressed(self) -> dict[str, str]:
        return {"sessionId": self._session} if self._session else {}

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            chunk = os.read(self._read, 1 << 16)
            if not chunk:
                raise AssertionError("The browser has gone.")
            self._rest += chunk
        message, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(message))


@contextlib.contextmanager
def tab(path: str) -> Iterator[Tab]:
    """Start the browser at `path`, with nothing of anybody's in it, and give a tab; it ends with the block."""
    to_browser, ours_out = os.pipe()
    ours_in, from_browser = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # The protocol is spoken over the descriptors 3 and 4, which only a shell can name.
        script = f'exec "$0" "$@" 3<&{to_browser} 4>&{from_browser}'
        command = ["/bin/bash", "-c", script, path, *_FLAGS, f"--user-data-dir={profile}"]
        process = subprocess.Popen(
            command, pass_fds=(to_browser, from_browser), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(to_browser)
        os.close(from_browser)
        try:
            yield Tab((ours_in, ours_out))
        finally:
            os.close(ours_out)
            os.close(ours_in)
            process.terminate()
            process.wait(timeout=60)
