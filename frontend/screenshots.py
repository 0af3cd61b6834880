"""Pictures of every page of the console, of a demo that is made for it: `make screenshots`.

All of them go into a folder of one's choice (frontend/screenshots), to be looked at; the few that the README shows go
into docs/screenshots, small: in as many colours as their size allows.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import demo_console
from demo_console import Demo, Look
from playwright.sync_api import Page

ROOT = Path(__file__).parents[1]
EVERYTHING = Path(__file__).parent / "screenshots"
README = ROOT / "docs" / "screenshots"
ACCOUNT = "Acme Robotics"
# What the README shows: a name, the page's declared path, and how it is looked at.
SHOWN = (
    ("overview", "/accounts/{account_id}/overview", Look()),
    ("why", "/accounts/{account_id}/requests/{request_id}", Look()),
    ("statement", "/accounts/{account_id}/statement", Look("zh")),
    ("break", "/reconcile/breaks/{break_id}", Look()),
    ("overview-phone", "/accounts/{account_id}/overview", Look("zh", dark=True, phone=True)),
)  # fmt: skip
LOOKS = (Look("en"), Look("zh"), Look("en", dark=True), Look("zh", phone=True))
README_BYTES_MAX = 1_500_000


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--demo", metavar="URL", help="a demo that is being served already")
    options.add_argument("--only", metavar="PATTERN", default="", help="pages whose declared path matches")
    options.add_argument("--looks", metavar="NAMES", default="", help="such as en-light-desktop,zh-dark-phone")
    given = options.parse_args()
    if given.demo:
        take(Demo(address=given.demo, data_dir=Path(), process_id=0), only=given.only, looks=given.looks)
        return 0
    with tempfile.TemporaryDirectory(prefix="counterfoil-screenshots-") as folder:
        demo = demo_console.start_demo(Path(folder) / "demo")
        try:
            take(demo, only=given.only, looks=given.looks)
        finally:
            demo.stop()
    return 0


def take(demo: Demo, *, only: str, looks: str) -> None:
    """Every page in every look, then the README's few."""
    EVERYTHING.mkdir(exist_ok=True)
    README.mkdir(parents=True, exist_ok=True)
    addresses = _addresses(demo)
    wanted = {path: address for path, address in addresses.items() if re.search(only, path)}
    chosen = [look for look in LOOKS if not looks or str(look) in looks.split(",")]
    for look in chosen:
        _take_all(demo, wanted, look)
    if not only and not looks:
        _take_for_readme(demo, addresses)


def _addresses(demo: Demo) -> Mapping[str, str]:
    found: dict[str, str] = {}
    with demo_console.browser() as browser:
        for role, account in (("Owner", ACCOUNT), ("Administrator", None)):
            with demo_console.context(browser, demo) as (made, _):
                page = made.new_page()
                demo_console.sign_in(page, role, account=account)
                start = page.url.removeprefix(demo.address)
                found = {
                    **demo_console.crawl(
                        demo_console.fetcher(made, demo), [start, "/console/profile", "/console/accounts"]
                    ),
                    **found,
                }
    return found


def _take_all(demo: Demo, addresses: Mapping[str, str], look: Look) -> None:
    with demo_console.browser() as browser, demo_console.context(browser, demo, look) as (made, _):
        pages = {role: _signed_in(made.new_page(), role, look) for role in ("Owner",)}
        for path, address in addresses.items():
            if demo_console.role_for(path) == "Owner":
                _picture(pages["Owner"], address, EVERYTHING / f"{_name_of(path)}-{look}.png")
    with demo_console.browser() as browser, demo_console.context(browser, demo, look) as (made, _):
        page = made.new_page()
        page.goto("/console/sign-in")
        page.screenshot(path=EVERYTHING / f"sign-in-{look}.png", full_page=True)
        _signed_in(page, "Administrator", look)
        for path, address in addresses.items():
            if demo_console.role_for(path) == "Administrator":
                _picture(page, address, EVERYTHING / f"{_name_of(path)}-{look}.png")


def _take_for_readme(demo: Demo, addresses: Mapping[str, str]) -> None:
    for name, path, look in SHOWN:
        with demo_console.browser() as browser, demo_console.context(browser, demo, look) as (made, _):
            page = _signed_in(made.new_page(), demo_console.role_for(path), look)
            target = README / f"{name}.png"
            _picture(page, addresses[path], target, whole=False)
    total = sum(one.stat().st_size for one in README.glob("*.png"))
    if total > README_BYTES_MAX:
        raise SystemExit(f"the README's pictures are {total} bytes; at most {README_BYTES_MAX} are meant to be there")


def _signed_in(page: Page, role: str, look: Look) -> Page:
    demo_console.sign_in(page, role, account=ACCOUNT if role == "Owner" else None)
    demo_console.prefer(page, look.language, "dark" if look.dark else "light")
    return page


def _picture(page: Page, address: str, target: Path, *, whole: bool = True) -> None:
    page.goto(address, wait_until="load")
    page.wait_for_timeout(300)
    page.screenshot(path=target, full_page=whole)
    sys.stdout.write(f"{target.relative_to(ROOT)}\n")


def _name_of(path: str) -> str:
    named = re.sub(r"\{([a-z_]+?)(?:_id)?\}", r"\1", path.removeprefix("/accounts/{account_id}"))
    return re.sub(r"[^a-z0-9]+", "-", named.strip("/")) or "start"


if __name__ == "__main__":
    raise SystemExit(main())
