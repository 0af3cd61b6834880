"""What keeps strangers out: headers and cookies of every answer, forms from elsewhere, addresses to go on to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

import httpx2
import pytest
from starlette.responses import Response

from console.visitors import PUBLIC_URL, House, of_account
from counterfoil.console import application as console_module
from counterfoil.console.register import ALL_PAGES
from counterfoil.console.routes import Page
from counterfoil.console.security import SESSION_COOKIE, own_path
from counterfoil.console.visits import Visit
from counterfoil.foundation.ids import show_id
from counterfoil.identity.access import StaffRole

POSTS = [page for page in ALL_PAGES if page.method == "POST"]
GETS = [page for page in ALL_PAGES if page.method == "GET"]
# Addresses that somebody might be led to after signing in.
HOSTILE = [
    "https://evil.example/console", "//evil.example/console", "///evil.example", "////evil.example/console",
    "/\\evil.example", "\\/evil.example", "/console\\@evil.example", "/console/..//evil.example",
    "//evil.example\\@desk.test/console", "https:evil.example", "https:/evil.example", "javascript:alert(1)",
    "JAVASCRIPT:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:msgbox(1)", "\tjavascript:alert(1)",
    "java\nscript:alert(1)", "/console\r\nSet-Cookie: a=b", "/console\r\nLocation: https://evil.example",
    "/console%0d%0aSet-Cookie:a=b\r\n", "/\t/evil.example", "/console\t//evil.example", "http://desk.test.evil.example/",
    "https://desk.test@evil.example/console", "ftp://evil.example", "@evil.example", ".evil.example", "evil.example",
    "/consolation/../..//evil.example", "/console//evil.example", "/manage/v1/accounts", "/", "", " ", "?next=//evil.example",
    "#", "https://[::1", "//[", "/console\x00", "/console/\u2028evil", "/ｃonsole", "／／evil.example", "/consoled",
    "/console@evil.example", "/console.evil.example", "https://desk.test/console/", "/console/../manage/v1",
    "/console/%2e%2e/healthz", "/console/./..", "/console?next=//evil.example#\\", "x" * 5_000,
]  # fmt: skip


@pytest.fixture
def ran() -> list[str]:
    """The names of the pages whose function has run."""
    return []


def stub(pages: Iterable[Page], ran: list[str]) -> list[Page]:
    """The pages as they are declared, with functions that do nothing but say that they have run."""

    def standing_in(page: Page) -> Page:
        async def handler(visit: Visit) -> Response:
            ran.append(page.name)
            return Response("let in")

        return replace(page, handler=handler, shows=None)

    return [standing_in(page) for page in pages]


@pytest.fixture
def stubbed(monkeypatch: pytest.MonkeyPatch, ran: list[str]) -> None:
    """Every page is declared as it is and does nothing: what is tested is who comes as far as its function."""
    build, pages = console_module.build_application, stub(ALL_PAGES, ran)
    monkeypatch.setattr("counterfoil.bootstrap.console.build_application", lambda services: build(services, pages))


def path_of(page: Page, account_id: object = None) -> str:
    """An address of the page; ids of nobody where it names more than an account."""
    filled = page.path.replace(
        "{account_id}", f"acct_{'0' * 32}" if account_id is None else show_id("account", account_id)
    )  # type: ignore[arg-type]
    return "/console" + re.sub(r"\{[a-z_]+\}", "none", filled)


# Headers and cookies.


def check_headers(response: httpx2.Response) -> None:
    headers = response.headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] in ("same-origin", "no-referrer")
    assert headers["cache-control"] == "no-store"
    assert headers["strict-transport-security"].startswith("max-age=")


async def test_every_page_answers_with_every_header_whatever_it_answers(house: House) -> None:
    account = await house.open_account(credit=1)
    visitors = [house.stranger(), await house.member(account), await house.staff(StaffRole.ADMINISTRATOR)]
    for visitor in visitors:
        for page in GETS:
            response = await visitor.client.get(path_of(page, account.account_id))
            assert response.status_code < 500, (page.path, response.status_code)
            check_headers(response)
    for path in ("/console/nowhere", "/console/accounts/acct_1/overview", "/console/sign-in?lang=zh", "/console/%00"):
        check_headers(await visitors[0].client.get(path))
    check_headers(await visitors[0].client.post("/console/sign-in", data={"email": "a"}))
    check_headers(await visitors[1].client.get(f"/console{of_account(account, '/overview')}?csv=days"))


async def test_pages_hold_no_script_and_no_style_of_their_own(house: House) -> None:
    account = await house.open_account(credit=1)
    visitor = await house.member(account)
    for page in GETS:
        response = await visitor.client.get(path_of(page, account.account_id))
        if "text/html" not in response.headers.get("content-type", ""):
            continue
        assert (
            re.search(r"<script(?! src=\"/console/assets/[a-z.]+\.[0-9a-f]{16}\.js\" defer)", response.text) is None
        ), page
        assert re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", response.text) is None, page.path
        assert re.findall(r"(?:src|action)=\"(?!/console|\")", response.text) == [], page.path
        assert re.findall(r"<(?:link|use|img|iframe|object|embed)[^>]*(?:href|src)=\"(?![/#])", response.text) == [], (
            page.path
        )


async def test_assets_are_found_by_their_hash_and_nothing_else_is(house: House) -> None:
    stranger = house.stranger()
    page = await stranger.get("/sign-in")
    for path in re.findall(r"(?:href|src)=\"(/console/assets/[^\"]+)\"", page):
        response = await stranger.client.get(path)
        assert response.status_code == 200
        assert "immutable" in response.headers["cache-control"]
        assert response.headers["x-content-type-options"] == "nosniff"
    for path in ("../console.py", "console.css", "%2e%2e/%2e%2e/settings.py", "..%2f..%2fsettings.py", ""):
        assert (await stranger.client.get(f"/console/assets/{path}")).status_code == 404


async def test_cookies_are_for_this_host_alone_and_out_of_reach_of_scripts(house: House) -> None:
    owner = await house.member(await house.open_account())
    assert owner.person is not None
    await owner.post("/profile/password", {"password": "five chestnuts by the river"})
    stranger = house.stranger()
    response = await stranger.post(
        "/sign-in?lang=zh", {"email": owner.person.email, "password": "five chestnuts by the river"}
    )
    given = response.headers.get_list("set-cookie")
    assert {one.partition("=")[0] for one in given} == {SESSION_COOKIE, "counterfoil-language"}
    for one in given:
        attributes = {part.strip().lower() for part in one.split(";")[1:]}
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= attributes
        assert not any(part.startswith("domain") for part in attributes)
    token = stranger.client.cookies[SESSION_COOKIE]
    assert len(token) >= 43
    assert token not in (await stranger.get("/profile"))


async def test_a_session_that_somebody_was_given_before_signing_in_is_worth_nothing(house: House) -> None:
    """No fixation: signing in makes a new secret, whatever the browser came with."""
    owner = await house.member(await house.open_account())
    assert owner.person is not None
    await owner.post("/profile/password", {"password": "five chestnuts by the river"})
    stranger = house.stranger()
    stranger.client.cookies.set(SESSION_COOKIE, "planted" * 7, domain="desk.test", path="/")
    await stranger.post("/sign-in", {"email": owner.person.email, "password": "five chestnuts by the river"})
    thief = house.stranger()
    thief.client.cookies.set(SESSION_COOKIE, "planted" * 7, domain="desk.test", path="/")
    assert (await thief.client.get("/console/profile")).status_code == 303


# Forms.


@pytest.mark.usefixtures("stubbed")
async def test_no_form_is_taken_without_the_sessions_own_secret(house: House, ran: list[str]) -> None:
    account = await house.open_account()
    owner, other = await house.member(account), await house.member(await house.open_account("Other"))
    administrator, colleague = await house.staff(StaffRole.ADMINISTRATOR), await house.staff(StaffRole.FINANCE)
    before = await house.services.audit.list(account_id=account.account_id)
    for page in POSTS:
        for visitor, csrfs in ((owner, ("", other.csrf, "x")), (administrator, ("", colleague.csrf, owner.csrf))):
            for csrf in csrfs:
                response = await visitor.client.post(
                    path_of(page, account.account_id), data={"csrf": csrf}, headers={"origin": PUBLIC_URL}
                )
                assert response.status_code in (403, 404), (page.path, response.status_code)
    assert ran == []
    assert await house.services.audit.list(account_id=account.account_id) == before


@pytest.mark.usefixtures("stubbed")
async def test_no_form_is_taken_from_anywhere_else(house: House, ran: list[str]) -> None:
    account = await house.open_account()
    owner, administrator = await house.member(account), await house.staff(StaffRole.ADMINISTRATOR)
    elsewhere: list[dict[str, str]] = [
        {"origin": "https://evil.example"}, {"origin": "https://desk.test.evil.example"}, {"origin": "null"}, {},
        {"origin": PUBLIC_URL, "sec-fetch-site": "cross-site"}, {"origin": PUBLIC_URL, "sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"}, {"origin": "https://desk.test:444"}, {"referer": f"{PUBLIC_URL}/console/"},
        {"origin": "null", "sec-fetch-site": "cross-site"},
    ]  # fmt: skip
    for page in POSTS:
        for visitor in (owner, administrator, house.stranger()):
            for headers in elsewhere:
                response = await visitor.client.post(
                    path_of(page, account.account_id), data={"csrf": visitor.csrf}, headers=headers
                )
                assert response.status_code in (303, 403, 404), (page.path, headers)
                assert response.status_code != 303 or response.headers["location"].startswith("/console/sign-in")
    assert ran == []


@pytest.mark.usefixtures("stubbed")
async def test_the_same_forms_are_taken_where_nothing_is_wrong(house: House, ran: list[str]) -> None:
    """Or the two tests above could not fail."""
    account = await house.open_account()
    owner, administrator = await house.member(account), await house.staff(StaffRole.ADMINISTRATOR)
    for page in POSTS:
        for visitor in (owner, administrator):
            await visitor.client.post(
                path_of(page, account.account_id), data={"csrf": visitor.csrf}, headers={"origin": PUBLIC_URL}
            )
    assert set(ran) == {page.name for page in POSTS}


@pytest.mark.usefixtures("stubbed")
async def test_what_is_no_form_is_refused(house: House, ran: list[str]) -> None:
    account = await house.open_account()
    owner = await house.member(account)
    for page in POSTS:
        for content_type in ("text/plain", "application/json", ""):
            response = await owner.client.post(
                path_of(page, account.account_id), content=f"csrf={owner.csrf}".encode(),
                headers={"origin": PUBLIC_URL, "content-type": content_type},
            )  # fmt: skip
            assert response.status_code in (403, 404, 422), (page.path, response.status_code)
    assert ran == []


async def test_a_form_that_is_too_large_is_not_read(house: House) -> None:
    owner = await house.member(await house.open_account())
    response = await owner.post("/profile", {"nickname": "x" * 300_000}, status=413)
    assert "x" * 100 not in response.text


async def test_looking_changes_nothing(house: House) -> None:
    """No page that is opened by an address writes anything but who has looked."""
    account = await house.open_account(credit=1)
    administrator = await house.staff(StaffRole.ADMINISTRATOR)
    before = await _rows(house)
    for page in GETS:
        await administrator.client.get(path_of(page, account.account_id))
    after = await _rows(house)
    # Sums of spending are worked out when somebody asks for them, from what is on record.
    assert {name for name in after if after[name] != before[name]} <= {"audit_events", "spend_marks"}


async def _rows(house: House) -> dict[str, int]:
    async with house.services.database.reading() as connection:
        cursor = await connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            " AND has_table_privilege(oid, 'SELECT')"
        )
        names = [str(row[0]) for row in await cursor.fetchall()]
        counted = {}
        for name in names:
            cursor = await connection.execute(f'SELECT count(*) FROM "{name}"')  # type: ignore[arg-type]
            row = await cursor.fetchone()
            assert row is not None
            counted[name] = int(row[0])
    return counted


# Where one is led.


@pytest.mark.parametrize("address", HOSTILE, ids=lambda one: repr(one)[:40])
def test_nobody_is_led_away(address: str) -> None:
    assert own_path(address, "/console/staff") in ("/console/staff",), address


@pytest.mark.parametrize(
    "address", ["/console", "/console/", "/console/profile", "/console/accounts/acct_1/requests?state=failed&q=%2F%2Fa"]
)
def test_pages_of_the_console_are_gone_on_to(address: str) -> None:
    assert own_path(address, "/console/staff") == address


async def test_no_form_and_no_page_leads_away(house: House) -> None:
    owner = await house.member(await house.open_account())
    assert owner.person is not None
    await owner.post("/profile/password", {"password": "five chestnuts by the river"})
    for address in HOSTILE:
        for response in (
            await owner.client.get("/console/sign-in", params={"next": address}),
            await owner.client.get("/console/confirm", params={"next": address}),
            await owner.post("/preferences", {"theme": "dark", "next": address}),
        ):
            assert response.status_code == 303
            check_stays(response)
    stranger = house.stranger()
    for address in HOSTILE[:6]:
        response = await stranger.post(
            "/sign-in", {"email": owner.person.email, "password": "five chestnuts by the river", "next": address}
        )
        check_stays(response)
        stranger = house.stranger()


def check_stays(response: httpx2.Response) -> None:
    location = response.headers["location"]
    assert re.match(r"/console(?:[/?#]|$)", location), location
    assert "\\" not in location
    assert "evil" not in location.partition("?")[0]
    assert response.headers.get_list("set-cookie") == [] or "a=b" not in str(response.headers)


async def test_what_has_been_done_is_said_in_our_words_alone(house: House) -> None:
    owner = await house.member(await house.open_account())
    page = await owner.get("/profile?done=<script>alert(1)</script>")
    assert "<script>alert" not in page
    page = await owner.get("/profile?done=page_people")
    assert 'role="status"' not in page
