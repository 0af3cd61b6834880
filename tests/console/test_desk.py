"""The staff's desk: where each role begins, searching from what somebody has pasted, one timeline, people and the trail."""

from __future__ import annotations

from uuid import UUID

import pytest

from console.visitors import House, of_account
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import ALL_ENTRIES, Kind
from counterfoil.identity.access import Role, StaffRole
from counterfoil.limits.model import KeySettings
from counterfoil.recharge.codes_model import BatchSettings
from counterfoil.recharge.model import ProviderKind
from counterfoil.recharge.providers_service import NewProvider

SECRET = "a very private sentence"
NANOS = 1_000_000_000


# -- where staff begin -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(StaffRole))
async def test_each_role_finds_its_own_door(house: House, role: StaffRole) -> None:
    page = await (await house.staff(role)).get("/staff", lang="en")
    labels = {one: _label(Kind.STAFF_ROLE, one) for one in StaffRole}
    doors = {one for one in StaffRole if f'id="door-{one}"' in page}
    assert doors == (set(StaffRole) if role is StaffRole.ADMINISTRATOR else {role})
    assert labels[role] in page


async def test_members_are_not_shown_the_staffs_home(house: House) -> None:
    account = await house.open_account()
    page = await (await house.member(account)).get("/staff", status=403)
    assert "<code>permission_missing</code>" in page
    assert 'id="door-' not in page


async def test_what_waits_is_counted_for_whoever_may_decide_it(house: House) -> None:
    account = await house.open_account(credit=10)
    support, finance = await house.staff(StaffRole.SUPPORT), await house.staff(StaffRole.FINANCE)
    assert support.person is not None
    await house.services.recharge.corrections.propose_adjustment(
        account.account_id, amount=1_000_000 * NANOS, reason="promised", by=support.person.email
    )
    assert _count(await finance.get("/staff", lang="en"), "Waiting for your decision") == "1"
    assert _count(await support.get("/staff", lang="en"), "Your proposals that wait") == "1"


# -- searching ---------------------------------------------------------------------------------------------------------


async def test_a_pasted_text_leads_to_the_account_that_most_of_it_names(house: House) -> None:
    acme, other = await house.open_account("Acme"), await house.open_account("Other House")
    await house.member(acme, Role.OWNER, email="casey@acme.example")
    await house.member(other, Role.OWNER, email="omar@other.example")
    key = await house.services.limits.create_key(account_id=acme.account_id, settings=KeySettings(name="laptop"))
    support = await house.staff(StaffRole.SUPPORT)
    text = f"Casey <casey@acme.example> says {key.token} stopped, cc omar@other.example. {SECRET}"
    response = await support.post("/search", {"q": text}, status=200)
    page = response.text
    assert page.index("Acme") < page.index("Other House")
    # The whole key was looked up, and is not shown again.
    assert key.token not in page
    assert key.key.mask.partition("…")[2] in page
    # What was searched for is kept by its ids, and nowhere else.
    link = page.partition('href="/console/accounts/')[2].partition('"')[0]
    assert "/timeline?why=" in link
    assert SECRET.replace(" ", "+") not in link
    await support.get("/console/accounts/" + link.replace("&amp;", "&"))
    (event,) = await house.services.audit.list(account_id=acme.account_id, at_most=1)
    assert event.what == "timeline"
    assert event.why is not None
    assert show_id("key", key.key.key_id) in event.why
    assert "casey@acme.example" not in event.why


async def test_every_kind_of_clue_leads_somewhere(house: House) -> None:
    account = await house.open_account("Acme")
    member = await house.member(account, Role.OWNER, email="casey@acme.example")
    key = await house.services.limits.create_key(account_id=account.account_id, settings=KeySettings(name="laptop"))
    made = await house.services.codes.create(
        BatchSettings(name="spring", value=NANOS, currency="USD", count=1), by="operator"
    )
    (code,) = made.codes
    await house.services.codes.redeem(account.account_id, code, by="casey")
    support = await house.staff(StaffRole.SUPPORT)
    assert member.person is not None
    for text in (
        show_id("account", account.account_id), "casey@acme.example", f"#{member.person.user_number}", "casey", "acme",
        show_id("key", key.key.key_id), key.key.mask, key.token, code, f"CF-…{code[-4:]}",
    ):  # fmt: skip
        page = (await support.post("/search", {"q": text}, status=200)).text
        assert "Acme</a>" in page, text
    assert code not in page


async def test_what_is_not_on_record_is_said_to_be_recognised(house: House) -> None:
    support = await house.staff(StaffRole.SUPPORT)
    unknown = show_id("request", house.services.clock.new_id())
    page = (await support.post("/search?lang=en", {"q": unknown}, status=200)).text
    assert "Recognised, and not on record" in page
    page = (await support.post("/search?lang=en", {"q": "nobody is called like this"}, status=200)).text
    assert "Nothing was found" in page


async def test_a_bare_order_number_leads_to_its_order(house: House) -> None:
    account = await house.open_account("Acme")
    other = await house.open_account("Other House")
    order_id = await _order(house, account.account_id)
    await _order(house, other.account_id)
    support = await house.staff(StaffRole.SUPPORT)
    page = (await support.post("/search", {"q": f"paid with order no. {order_id.hex}"}, status=200)).text
    assert "Acme</a>" in page
    assert "Other House" not in page


async def test_searching_is_for_staff(house: House) -> None:
    account = await house.open_account()
    member = await house.member(account)
    assert "<code>permission_missing</code>" in await member.get("/search", status=403)
    assert "<code>permission_missing</code>" in (await member.post("/search", {"q": "casey"}, status=403)).text
    editor = await house.staff(StaffRole.EDITOR)
    assert "<code>permission_missing</code>" in await editor.get("/search", status=403)


# -- the timeline ------------------------------------------------------------------------------------------------------


async def test_the_timeline_tells_of_keys_and_limits_and_pages_on(house: House) -> None:
    account = await house.open_account(credit=5)
    for number in range(60):
        await house.services.limits.create_key(
            account_id=account.account_id, settings=KeySettings(name=f"key <script>{number}")
        )
    support = await house.staff(StaffRole.SUPPORT)
    response = await support.client.get(
        "https://desk.test/console" + of_account(account, "/timeline"), params={"kind": ["keys", "money"], "lang": "en"}
    )
    assert "Key made" in response.text
    assert "<script>" not in response.text.replace("<script src=", "")
    following = response.text.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert following.count("kind=") == 2
    more = await support.get(following)
    assert "key <script>0 " in more.replace("·", " ")
    assert "key <script>59" not in more


async def test_the_timeline_is_no_members(house: House) -> None:
    account = await house.open_account()
    page = await (await house.member(account)).get(of_account(account, "/timeline"), status=403)
    assert "<code>permission_missing</code>" in page
    stranger = await house.member(await house.open_account("Other"))
    assert "<code>page_not_found</code>" in await stranger.get(of_account(account, "/timeline"), status=404)


async def test_a_broken_cursor_is_refused_with_words(house: House) -> None:
    account = await house.open_account()
    support = await house.staff(StaffRole.SUPPORT)
    page = await support.get(of_account(account, "/timeline"), status=422, cursor="nonsense")
    assert "<code>bad_request</code>" in page


# -- people and the trail ----------------------------------------------------------------------------------------------


async def test_an_administrator_gives_roles_and_disables_and_it_is_on_record(house: House) -> None:
    administrator = await house.staff(StaffRole.ADMINISTRATOR)
    support = await house.staff(StaffRole.SUPPORT)
    assert support.person is not None
    address = f"/people/{show_id('person', support.person.person_id)}"
    assert support.person.email in await administrator.get("/people", who="staff")
    await administrator.follow(await administrator.post(address + "/staff-roles", {"role": ["support", "finance"]}))
    person = await house.services.people.person(support.person.person_id)
    assert person.staff_roles == {StaffRole.SUPPORT, StaffRole.FINANCE}
    await administrator.follow(await administrator.post(address + "/disable", {"person_why": "left"}))
    await support.get("/staff", status=303)
    trail = await administrator.get("/audit", what="person_disabled", person=administrator.person.email)  # type: ignore[union-attr]
    assert "left" in trail
    assert "staff_roles_changed" not in trail.partition("<tbody>")[2].partition("</tbody>")[0]
    await administrator.follow(await administrator.post(address + "/enable"))


async def test_the_last_administrator_stays(house: House) -> None:
    administrator = await house.staff(StaffRole.ADMINISTRATOR)
    assert administrator.person is not None
    address = f"/people/{show_id('person', administrator.person.person_id)}"
    await administrator.post(address + "/staff-roles", {"role": ["support"]}, status=409)
    await administrator.post(address + "/disable", status=409)


async def test_without_a_mail_server_the_staff_invitation_is_shown_once(house: House) -> None:
    administrator = await house.staff(StaffRole.ADMINISTRATOR)
    response = await administrator.post(
        "/people/invitations", {"email": "new@operator.example", "role": "support", "language": "en"}, status=200
    )
    link = response.text.partition('<code id="once">')[2].partition("</code>")[0]
    assert link.startswith("https://desk.test/console/invitation/")
    listed = await administrator.get("/people")
    assert "new@operator.example" in listed
    assert link not in listed
    (invitation,) = await house.services.people.invitations(None)
    shown = show_id("invitation", invitation.invitation_id)
    await administrator.follow(await administrator.post(f"/people/invitations/{shown}/revoke"))


async def test_people_and_the_trail_are_for_administrators(house: House) -> None:
    for role in set(StaffRole) - {StaffRole.ADMINISTRATOR}:
        visitor = await house.staff(role)
        for path in ("/people", "/audit"):
            assert "<code>permission_missing</code>" in await visitor.get(path, status=403), (role, path)


async def test_the_trail_is_taken_away_as_a_file_and_filtered_by_account_and_time(house: House) -> None:
    account = await house.open_account("Acme")
    administrator, support = await house.staff(StaffRole.ADMINISTRATOR), await house.staff(StaffRole.SUPPORT)
    await support.get(of_account(account, "/overview"), why="req_1")
    shown = show_id("account", account.account_id)
    csv = await administrator.get("/audit", csv="audit", account=shown, kind="saw")
    assert csv.count("\n") == 2
    assert "req_1" in csv
    none = await administrator.get("/audit", account=shown, since="2199-01-01", lang="en")
    assert "No such record" in none
    await administrator.get("/audit", status=422, person="nobody at all")


def _label(kind: Kind, code: str) -> str:
    return next(one.label.en for one in ALL_ENTRIES if (one.kind, one.code) == (kind, code))


def _count(page: str, label: str) -> str:
    """The number beside a label on the staff's home."""
    return page.partition(label)[2].partition('<span class="amount')[2].partition(">")[2].partition("<")[0]


async def _order(house: House, account_id: UUID) -> UUID:
    """An order by bank transfer that nobody has paid yet."""
    providers = house.services.recharge.payment_providers
    if not await providers.list():
        await providers.add(
            NewProvider(
                name="bank", kind=ProviderKind.BANK, merchant="62220001", currencies=("USD",),
                settings={"instructions": "Pay to account 1, reference:"}, secrets={}, secrets_env={},
            )
        )  # fmt: skip
    order = await house.services.recharge.orders.create(
        account_id=account_id, amount=10 * NANOS, currency="USD", provider="bank", by="casey"
    )
    return order.order_id
