"""A demo in a real browser. One demo for all workers of a test run; one browser for each module of tests."""

from __future__ import annotations

import fcntl
import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

import demo_console
import pytest
from demo_console import Demo, Look, Seen
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

Open = Callable[..., Page]
# Many times what the longest takes, which is a walk over every page with axe.
TEST_SECONDS_MAX = 420


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser there is nothing to look with; where every test must run, that is a failure."""
    if demo_console.chromium() is not None or os.environ.get("CI"):
        return
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo that is being served: the first who needs it starts it, the last to leave stops it."""
    root = tmp_path_factory.getbasetemp()
    folder = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "served-demo"
    folder.mkdir(exist_ok=True)
    known = folder / "demo.json"
    with (folder / "lock").open("w") as lock, (folder / "users").open("w") as users:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fcntl.flock(users, fcntl.LOCK_SH)
        if not known.exists():
            started = demo_console.start_demo(folder / "run")
            known.write_text(json.dumps(asdict(started) | {"data_dir": str(started.data_dir)}), encoding="utf-8")
        fcntl.flock(lock, fcntl.LOCK_UN)
        kept = json.loads(known.read_text(encoding="utf-8"))
        running = Demo(address=kept["address"], data_dir=Path(kept["data_dir"]), process_id=kept["process_id"])
        yield running
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        known.unlink()
        running.stop()


class Chromium:
    """A browser, or the next one where it has ended."""

    def __init__(self, playwright: Playwright) -> None:
        self._playwright = playwright
        self._browser: Browser | None = None

    def new_context(self, **options: Any) -> BrowserContext:
        if self._browser is None or not self._browser.is_connected():
            self._browser = demo_console.launch(self._playwright)
        return self._browser.new_context(**options)

    def close(self) -> None:
        if self._browser is not None and self._browser.is_connected():
            self._browser.close()


@pytest.fixture(scope="module")
def opened() -> Iterator[Chromium]:
    """Of a module and not of the session: while it is open, no coroutine can be run in this thread."""
    with sync_playwright() as playwright:
        browser = Chromium(playwright)
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def watched() -> Iterator[None]:
    """A browser that hangs is ended, so that its test fails and the run goes on: Playwright itself would wait for good."""

    def end_browsers(number: int, frame: FrameType | None) -> None:
        for process_id in demo_console.browsers_of(os.getpid()):
            with suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGKILL)

    before = signal.signal(signal.SIGALRM, end_browsers)
    signal.alarm(TEST_SECONDS_MAX)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def complaints() -> Seen:
    """What browsers have complained about in this test, and whom they have called besides the demo."""
    return Seen()


@pytest.fixture
def visit(opened: Chromium, demo: Demo, complaints: Seen) -> Iterator[Open]:
    """Opens a page as somebody: `visit("Owner", account="Acme Robotics", look=Look("zh", phone=True))`.

    Whatever happens in the test, at its end no browser may have complained and none have called another host.
    """
    with ExitStack() as stack:

        def visit(role: str | None = None, *, account: str | None = None, look: Look = Look()) -> Page:
            made, seen = stack.enter_context(demo_console.context(opened, demo, look))
            stack.callback(
                lambda: (complaints.complaints.extend(seen.complaints), complaints.other_hosts.extend(seen.other_hosts))
            )
            page = made.new_page()
            if role is not None:
                demo_console.sign_in(page, role, account=account)
                demo_console.prefer(page, look.language, "dark" if look.dark else "light")
            return page

        yield visit
    assert complaints.complaints == []
    assert complaints.other_hosts == []
