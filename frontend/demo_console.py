"""A demo to look at with a browser: starts it, signs in as its people, and finds every page by following links.

Used by the browser tests and by `screenshots.py`; Chromium is the system's, driven by Playwright.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, sync_playwright

from counterfoil.console.register import ALL_PAGES

CALLS = 120
# Generous: a machine that is busy with other things must not fail a test.
PATIENCE_SECONDS = 300
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
# It calls nobody but the pages that it is sent to.
_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--force-color-profile=srgb",
)  # fmt: skip
_ID = re.compile(r"(?<=/)(?:[a-z]+_[0-9a-f]{32})(?=/|$)")
# Places where links lead away, change the language, or fetch a file.
_NOT_PAGES = re.compile(r"[?&](?:csv|xlsx|lang|done|form)=|/assets/|\.(?:csv|xlsx|json|pdf|zip)(?:\?|$)")


def chromium() -> str | None:
    """Where the system's Chromium is; None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def browser() -> Iterator[Browser]:
    """A Chromium that runs without a window."""
    with sync_playwright() as playwright:
        opened = launch(playwright)
        yield opened
        opened.close()


def launch(playwright: Playwright) -> Browser:
    """Start a Chromium."""
    return playwright.chromium.launch(executable_path=chromium(), args=list(_FLAGS))


class Opener(Protocol):
    """What opens browser profiles: a browser, or something that starts the next one where the last has ended."""

    def new_context(self, **options: Any) -> BrowserContext: ...


def browsers_of(process_id: int) -> list[int]:
    """The browsers that a process has started, by way of Playwright's driver."""
    parents: dict[int, tuple[int, str]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                name, rest = (entry / "stat").read_text().split("(", 1)[1].rsplit(")", 1)
                parents[int(entry.name)] = (int(rest.split()[1]), name)
    drivers = {child for child, (parent, _) in parents.items() if parent == process_id}
    return [child for child, (parent, name) in parents.items() if parent in drivers and name.startswith("chrom")]


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that is being served."""

    address: str
    data_dir: Path
    process_id: int

    def stop(self) -> None:
        """End it, and wait until it has ended what it had started."""
        with suppress(ProcessLookupError):
            os.kill(self.process_id, signal.SIGTERM)
        until = time.monotonic() + PATIENCE_SECONDS
        while _is_running(self.process_id) and time.monotonic() < until:
            time.sleep(0.1)


def start_demo(folder: Path, *options: str) -> Demo:
    """A new demo with a small replay in an empty folder, once everything of it has happened; it goes on being served."""
    folder.mkdir(parents=True, exist_ok=True)
    trace, answer = folder / "trace.csv", folder / "answer.json"
    lines = [f"2023-11-16 18:17:{n // 10:02d}.{n % 10}00000,{50 + 7 * n},{3 + n}\n" for n in range(CALLS)]
    trace.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n" + "".join(lines), encoding="utf-8")
    ours = {name: value for name, value in os.environ.items() if not name.startswith("COUNTERFOIL_")}
    command = [
        sys.executable, "-m", "counterfoil", "demo", "--trace", str(trace), "--port", "0", "--data-dir",
        str(folder / "data"), "--json", *options,
    ]  # fmt: skip
    with answer.open("wb") as out, (folder / "said.txt").open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=said, env=ours, start_new_session=True
        )
    until = time.monotonic() + PATIENCE_SECONDS
    while not _is_whole(answer):
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"the demo has not come up: {(folder / 'said.txt').read_text(errors='replace')[-4000:]}")
        time.sleep(0.2)
    address = re.search(r"http://127\.0\.0\.1:\d+", (folder / "said.txt").read_text(errors="replace"))
    assert address is not None
    return Demo(address=address[0], data_dir=folder / "data", process_id=process.pid)


def _is_whole(answer: Path) -> bool:
    try:
        json.loads(answer.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True


def _is_running(process_id: int) -> bool:
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


# Signing in.


@dataclass(frozen=True, slots=True)
class Look:
    """How somebody looks at the console."""

    language: str = "en"
    dark: bool = False
    phone: bool = False

    def __str__(self) -> str:
        return "-".join([self.language, "dark" if self.dark else "light", "phone" if self.phone else "desktop"])


@dataclass(slots=True)
class Seen:
    """What the browser has complained about, and whom else it has called."""

    complaints: list[str] = field(default_factory=list)
    other_hosts: list[str] = field(default_factory=list)


@contextmanager
def context(opened: Opener, demo: Demo, look: Look = Look()) -> Iterator[tuple[BrowserContext, Seen]]:
    """A browser profile of its own; what it complains about is collected."""
    made = opened.new_context(
        base_url=demo.address, viewport=PHONE if look.phone else DESKTOP, locale="zh-CN" if look.language == "zh" else "en-US",
        color_scheme="dark" if look.dark else "light", has_touch=look.phone, is_mobile=look.phone, accept_downloads=True,
        timezone_id="UTC", reduced_motion="reduce",
    )  # fmt: skip
    seen = Seen()

    def watch(page: Page) -> None:
        page.on("console", lambda said: _note_complaint(seen, said))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.on("request", lambda sent: _note_host(seen, sent.url))

    made.on("page", watch)
    made.set_default_timeout(30_000)
    yield made, seen
    made.close()


def _note_complaint(seen: Seen, said: ConsoleMessage) -> None:
    """That a form was refused is for whoever sent it; browsers mention it, but it is no mistake of the page."""
    is_refusal = "responded with a status of 4" in said.text and "/assets/" not in said.location.get("url", "")
    if said.type in ("error", "warning") and not is_refusal:
        seen.complaints.append(said.text)


def _note_host(seen: Seen, url: str) -> None:
    """The demo's payment pages are on this machine as well; all else is elsewhere."""
    if not url.startswith(("data:", "blob:")) and urlsplit(url).hostname != "127.0.0.1":
        seen.other_hosts.append(url)


def sign_in(page: Page, role: str, *, account: str | None = None) -> None:
    """Be one of the demo's people, by the button of their role's name: `role` is an English label."""
    page.goto("/console/sign-in?lang=en")
    door = page.locator(".door").filter(has=page.locator("strong", has_text=re.compile(f"^{re.escape(role)}$")))
    if account is not None:
        door = door.filter(has_text=account)
    door.first.click()
    page.wait_for_url(re.compile(r"/console/(?!sign-in|demo-sign-in)"))


def prefer(page: Page, language: str, theme: str = "system") -> None:
    """Choose the language and the theme in the profile, as people do."""
    page.goto("/console/profile")
    page.locator("#field-language").select_option(language)
    page.locator("#field-theme").select_option(theme)
    page.locator("main .form button[type=submit]").click()
    # The page is loaded already: only the address tells that what was chosen has been kept.
    page.wait_for_url(re.compile(r"[?&]done="))


def role_for(path: str) -> str:
    """Who looks at a page: the account's owner at what is theirs, an administrator at the rest."""
    of_staff = ("/accounts/{account_id}/administration", "/accounts/{account_id}/timeline")
    own = path.startswith(("/accounts/{account_id}", "/profile")) and not path.startswith(of_staff)
    return "Owner" if own else "Administrator"


# Finding every page.


def shape_of(path: str) -> str | None:
    """The declared path of the page that an address belongs to; None where no page is declared for it."""
    below = path.partition("?")[0].partition("#")[0].removeprefix("/console") or "/"
    for declared, pattern in _PATTERNS:
        if pattern.fullmatch(below):
            return declared
    return None


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{[a-z_]+\\\}", "[^/]+", re.escape(path)))


GET_PATHS: Sequence[str] = tuple(dict.fromkeys(page.path for page in ALL_PAGES if page.method == "GET"))
_PATTERNS = [(path, _pattern(path)) for path in GET_PATHS]


def crawl(fetch: Callable[[str], str], starts: Sequence[str]) -> dict[str, str]:
    """An address for each page that links lead to: from its declared path to the first address found.

    Pages that were not seen yet come first; of one page, a few are looked at for where they lead.
    """
    found: dict[str, str] = {}
    looked_at: Counter[str] = Counter()
    waiting: dict[str, list[str]] = {}
    known: set[str] = set()

    def note(address: str) -> None:
        shape = shape_of(address)
        if shape is not None and address not in known and not _NOT_PAGES.search(address):
            known.add(address)
            waiting.setdefault(shape, []).append(address)

    for start in starts:
        note(start)
    while waiting:
        shape = min(waiting, key=lambda one: looked_at[one])
        address = waiting[shape].pop(0)
        looked_at[shape] += 1
        if not waiting[shape] or looked_at[shape] >= _LOOKED_AT:
            waiting.pop(shape)
        if looked_at[shape] > _LOOKED_AT:
            continue
        text = fetch(address)
        if text:
            found.setdefault(shape, address)
            for link in re.findall(r'href="(/console[^"#]*)', text):
                note(link.replace("&amp;", "&"))
    return found


# Of each page, so many are looked at for where they lead: not every order has a receipt.
_LOOKED_AT = 8


def fetcher(made: BrowserContext, demo: Demo) -> Callable[[str], str]:
    """Reads pages with the browser's cookies, without drawing them; "" where there is none."""

    def fetch(path: str) -> str:
        answer = made.request.get(demo.address + path, max_redirects=5)
        return answer.text() if answer.status == 200 and "text/html" in answer.headers.get("content-type", "") else ""

    return fetch
