"""Who may call which route, written down by hand and tried with everybody; and that another account does not exist.

The matrix does not look at the rules of the program: a route that is missing here, or that lets in somebody else than it
says here, fails.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from api.conftest import PREFIX, Desk
from api.town import House, as_, enrol, furnish, hire, open_books, open_shop, session_of, token_of
from counterfoil.api.application import ROUTERS
from counterfoil.identity.access import Role, StaffRole
from tasks.studio import Studio, open_studio

# Members of the account: O owner, A admin, D developer, B billing viewer. Staff: s support, e engineering, o operations,
# f finance, d editor, a administrator. `any` is whoever has signed in; `self` takes a session; `open` takes nothing. The
# operator's token opens everything but what takes a session.
MATRIX = """
create_account                  - oa
list_accounts                   - seofa
get_account                     OADB seofa
change_account                  O oa
get_duplicates                  OADB seofa
set_duplicates                  OA oa
get_timeline                    - seofa
search_accounts                 - seofa
add_member                      OA oa
list_members                    OAD seofa
find_members                    - seofa
get_member                      OAD seofa
change_member                   OA oa
disable_member                  OA oa
enable_member                   OA oa
set_member_role                 OA oa
invite_member                   OA oa
list_invitations                OAD seofa
revoke_invitation               OA oa
create_group                    OA oa
list_groups                     OADB seofa
get_group                       OADB seofa
change_group                    OA oa
disable_group                   OA oa
enable_group                    OA oa
create_key                      OAD oa
adopt_key                       OAD oa
list_keys                       OADB seofa
get_key                         OADB seofa
change_key                      OAD oa
rotate_key                      OAD oa
disable_key                     OAD oa
enable_key                      OAD oa
put_limit                       OA oa
list_limits                     OADB seofa
remove_limit                    OA oa
ask_for_more                    OADB oa
list_limit_asks                 OADB seofa
raise_asked_limit               OA oa
decline_limit_ask               OA oa
get_balance                     OADB seofa
list_grants                     OAB seofa
list_transfers                  OAB seofa
get_account_statement           OAB seofa
get_account_statement_sums      OAB seofa
get_recharge_quote              OAB seofa
get_cost_estimate               OADB seofa
get_waterfall                   OAB seofa
credit_account                  - fa
adjust_account                  - fa
propose_credit                  - sofa
propose_adjustment              - sofa
propose_end_of_grant            - sofa
verify_ledger                   - eofa
start_verification              - eofa
list_verifications              - eofa
get_verification                - eofa
make_checkpoint                 - fa
get_sums                        - eofa
create_order                    OAB ofa
list_orders                     OAB sofa
find_orders_by_number           - sofa
get_order                       OAB sofa
pay_order                       OAB ofa
cancel_order                    OAB ofa
ask_about_order                 OAB ofa
list_notices                    - sofa
list_refunds                    - sofa
list_disputes                   - sofa
confirm_order                   - sofa
get_refundable                  OAB sofa
refund_order                    - sofa
dispute_order                   - sofa
settle_attention                - ofa
settle_refund                   - ofa
get_receipt                     OAB sofa
request_invoice                 OAB ofa
list_invoice_requests           OAB sofa
get_invoice_request             OAB sofa
issue_invoice                   - ofa
reject_invoice                  - ofa
list_ways_to_pay                OAB sofa
add_payment_provider            - ofa
list_payment_providers          - sofa
get_payment_provider            - sofa
change_payment_provider         - ofa
set_payment_provider_secrets    - ofa
disable_payment_provider        - ofa
enable_payment_provider         - ofa
list_exchange_rates             OAB sofa
set_exchange_rate               - oa
list_bonus_rules                OAB sofa
add_bonus_rule                  - oa
end_bonus_rule                  - oa
create_code_batch               - oa
list_code_batches               - sofa
get_code_batch                  - sofa
void_code_batch                 - oa
list_codes                      - sofa
redeem_code                     OAB oa
find_codes                      - sofa
get_code                        - sofa
void_code                       - oa
list_code_tries                 OAB sofa
list_approvals                  - sofa
get_approval                    - sofa
approve                         - fa
reject                          - fa
withdraw                        - sofa
list_sources                    - ofa
add_source                      - fa
change_source                   - fa
import_statements               - fa
list_statements                 - ofa
get_statement                   - ofa
list_lines                      - ofa
set_aside                       - fa
run_day                         - fa
list_runs                       - ofa
get_run                         - ofa
get_day                         - ofa
close_day                       - fa
list_breaks                     - ofa
get_break                       - ofa
assign_break                    - fa
link_break                      - fa
ignore_break                    - fa
expect_break                    - fa
remark_on_break                 - fa
reopen_break                    - fa
write_off_break                 - fa
credit_break                    - fa
refund_break                    - fa
adjust_break                    - fa
undo_settlement                 - fa
list_matches                    - ofa
list_suggestions                - ofa
list_price_books                - seofa
get_prices                      OADB seofa
import_prices                   - oa
compare_prices                  - seofa
add_upstream                    - oa
list_upstreams                  - eofa
list_upstream_health            - eofa
list_upstream_margins           - eofa
get_upstream                    - eofa
set_upstream_models             - oa
set_upstream_secret             - oa
set_upstream_callback_secret    - oa
remove_upstream_callback_secret - oa
test_upstream                   - oa
disable_upstream                - oa
enable_upstream                 - oa
remove_upstream                 - oa
list_alert_kinds                any
list_channels                   OA oa
add_channel                     OA oa
get_channel                     OA oa
remove_channel                  OA oa
disable_channel                 OA oa
enable_channel                  OA oa
rotate_channel_secret           OA oa
test_channel                    OA oa
list_deliveries                 OA seofa
send_now                        - oa
get_alert_rules                 OADB seofa
set_alert_rules                 OA oa
list_requests                   OADB seofa
get_request                     OADB seofa
refund_request                  - fa
list_submissions                OADB seofa
get_submission                  OADB seofa
list_loops                      OADB seofa
list_bursts                     OADB seofa
list_tasks                      OADB seofa
get_task                        OADB seofa
cancel_task                     OAD oa
poll_task                       - oa
refund_task                     - fa
check_same_account              OADB seofa
make_bundle                     OADB seofa
get_bundle_key                  any
explain                         OADB seofa
list_cases                      - seofa
count_cases                     - seofa
get_case_metrics                - seofa
get_case_metrics_csv            - seofa
list_case_searches              - seofa
save_case_search                - seofa
forget_case_search              - seofa
answer_cases                    - seofa
get_case                        - seofa
draft_case_reply                - seofa
check_case_reply                - seofa
reply_to_case                   - seofa
note_case                       - seofa
assign_case                     - seofa
set_case_priority               - seofa
confirm_case_record             - seofa
reject_case_record              - seofa
search_case_again               - seofa
ask_about_case                  - seofa
hand_case_over                  - seofa
hand_case_back                  - seofa
resolve_case                    - seofa
close_case                      - seofa
reopen_case                     - seofa
group_case                      - seofa
ungroup_case                    - seofa
compensate_case                 - sofa
refund_case                     - sofa
credit_case_again               - sofa
purge_case                      - a
sign_in                         open
sign_out                        self
register                        open
verify_registration             open
ask_password_reset              open
reset_password                  open
look_at_invitation              open
accept_invitation               open
get_me                          any
change_me                       self
list_my_sessions                self
end_my_other_sessions           self
end_my_session                  self
confirm_my_session              self
change_my_password              self
begin_my_totp                   self
confirm_my_totp                 self
remove_my_totp                  self
list_my_tokens                  self
create_my_token                 self
revoke_my_token                 self
list_people                     - a
get_person                      - a
set_staff_roles                 - a
disable_person                  - a
enable_person                   - a
list_sessions_of_person         - a
end_sessions_of_person          - a
list_tokens_of_person           - a
revoke_token_of_person          - a
invite_staff                    - a
list_staff_invitations          - a
revoke_staff_invitation         - a
list_audit_events               - a
"""
ROWS: dict[str, list[str]] = {line.split()[0]: line.split()[1:] for line in MATRIX.strip().splitlines()}
MEMBERS = {"O": Role.OWNER, "A": Role.ADMIN, "D": Role.DEVELOPER, "B": Role.BILLING_VIEWER}
STAFF = {
    "s": StaffRole.SUPPORT, "e": StaffRole.ENGINEERING, "o": StaffRole.OPERATIONS, "f": StaffRole.FINANCE,
    "d": StaffRole.EDITOR, "a": StaffRole.ADMINISTRATOR,
}  # fmt: skip
# What a token of an administrator with the scope `orders.read` opens; one of the owner with `usage.read`: what is `OADB`.
OF_ORDERS_READ = {name for name, row in ROWS.items() if row[-1] == "sofa"} - {
    "confirm_order", "refund_order", "dispute_order", "list_code_batches", "get_code_batch", "list_codes", "find_codes",
    "propose_credit", "propose_adjustment", "propose_end_of_grant", "get_code", "list_code_tries", "list_approvals", "get_approval", "withdraw",
    "compensate_case", "refund_case", "credit_case_again",
}  # fmt: skip

# Routes that name their account otherwise than by an address.
_IN_QUERY = {
    **dict.fromkeys(
        ("list_orders", "list_invoice_requests", "list_code_tries", "list_requests", "list_submissions", "list_tasks"),
        "account_id",
    ),
    **dict.fromkeys(("list_channels", "list_deliveries"), "account"),
}
_IN_BODY = {
    "create_order": "account_id", "redeem_code": "account_id", "add_channel": "account_id", "explain": "account_id",
    "check_same_account": "customer", "make_bundle": "customer",
}  # fmt: skip
# Called last by each: it ends what they came in with.
_ENDING = {"sign_out"}
_FIXED = {
    "book": "customer",
    "session_id": "sess_" + "0" * 32,
    "token_id": "rtok_" + "0" * 32,
    "verification_id": "vrfy_" + "0" * 32,
}


def _routes() -> dict[str, tuple[str, str]]:
    """Every route's method and path, by its name."""
    return {
        route.name: (next(iter(route.methods)), route.path)  # type: ignore[attr-defined]
        for router in ROUTERS
        for route in router.routes
    }


@pytest.fixture
async def studio() -> AsyncIterator[Studio]:
    async with open_studio() as opened:
        yield opened


@pytest.fixture
async def houses(desk: Desk, studio: Studio) -> tuple[House, House]:
    await open_shop(desk, studio)
    return await furnish(desk, studio, "acme"), await furnish(desk, studio, "other")


async def _call(desk: Desk, name: str, places: dict[str, str], token: str | None) -> tuple[int, str]:
    """Status and code of a call that names this account's things and has no more of a body than it takes to do so."""
    method, path = _routes()[name]
    account = places["account_id"]
    filled = re.sub(r"{(\w+)}", lambda found: places.get(found[1], "unknown"), path)
    query = f"?{_IN_QUERY[name]}={account}" if name in _IN_QUERY else ""
    body: Any = {_IN_BODY[name]: account} if name in _IN_BODY else {}
    response = await desk.client.request(
        method, PREFIX + filled + query, json=None if method == "GET" else body, headers=as_(token)
    )
    is_problem = response.headers.get("content-type") == "application/problem+json"
    return response.status_code, response.json()["code"] if is_problem else ""


def test_every_route_stands_in_the_matrix() -> None:
    assert _routes().keys() == ROWS.keys()


async def test_everybody_may_do_what_the_matrix_says_and_nothing_else(
    desk: Desk, houses: tuple[House, House], owner_url: str
) -> None:
    house = houses[0]
    dummy = await hire(desk, "dummy@example.com")
    places = {
        **house.things, **await open_books(desk), **_FIXED, "account_id": house.account_id,
        "person_id": f"prsn_{dummy.person_id.hex}",
    }  # fmt: skip
    tokens: dict[str, str | None] = {"-": None, "operator": desk.office.data_directory.operator_token}
    for sign, role in MEMBERS.items():
        person = await enrol(desk, house, role)
        tokens[sign] = await session_of(desk, person.person_id)
        if sign == "O":
            tokens["usage.read"] = await token_of(desk, person, "usage.read")
    for sign, staff_role in STAFF.items():
        person = await hire(desk, f"{staff_role}@desk.example", staff_role)
        tokens[sign] = await session_of(desk, person.person_id)
        if sign == "a":
            tokens["orders.read"] = await token_of(desk, person, "orders.read")
    tokens["nobody"] = await session_of(desk, (await hire(desk, "nobody@example.com")).person_id)
    wrong: list[str] = []

    async def hold(name: str, who: str, *, may: bool, code: str) -> None:
        one = {**places, "name": _name_for(name)}
        status, said = await _call(desk, name, one, tokens[who])
        refused = (status, said) == ((401 if code == "unauthenticated" else 403), code)
        # Whoever may is told of what was wrong with so little, or of what the books say: never that they may not.
        let_in = said not in ("unauthenticated", "permission_missing", "session_required") and status < 500
        if not (let_in or (status, said) == (503, said)) if may else not refused:
            wrong.append(f"{name} by {who}: {status} {said}, expected {'to be let in' if may else code}")

    # Those who may not go first: nothing may have changed by then.
    before = _contents(owner_url)
    for name, row in ROWS.items():
        for who in tokens:
            if not _may(name, row, who):
                await hold(name, who, may=False, code=_refusal(row, who))
    assert wrong == []
    assert _contents(owner_url) == before
    for name, row in sorted(ROWS.items(), key=lambda one: one[0] in _ENDING):
        for who in tokens:
            if _may(name, row, who):
                await hold(name, who, may=True, code="")
    assert wrong == []


def _name_for(route: str) -> str:
    if "upstream" in route:
        return "backend"
    return "shop" if "source" in route else "bank"


def _may(name: str, row: list[str], who: str) -> bool:
    match row:
        case ["open"]:
            return True
        case ["any"]:
            return who != "-"
        case ["self"]:
            return who not in ("-", "operator", "usage.read", "orders.read")
    own, staff = row
    match who:
        case "operator":
            return True
        case "usage.read":
            return own == "OADB"
        case "orders.read":
            return name in OF_ORDERS_READ
        case "-" | "nobody":
            return False
    return who in own if who in MEMBERS else who in staff


def _refusal(row: list[str], who: str) -> str:
    if who == "-":
        return "unauthenticated"
    return "session_required" if row == ["self"] else "permission_missing"


# What is written when somebody only looks: signs of life, not records.
_VOLATILE = {"sessions", "rest_tokens", "sign_in_throttles", "leases"}


def _contents(owner_url: str) -> dict[str, str]:
    """A fingerprint of every table."""
    with psycopg.connect(owner_url) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        found = {}
        for (name,) in names:
            if name not in _VOLATILE:
                row = connection.execute(
                    f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {name} t"
                ).fetchone()
                assert row is not None
                found[name] = row[0]
        return found


# -- another account ------------------------------------------------------------------------------------------------------


def _unknown(known: str) -> str:
    """An id as good as this one, of nothing."""
    return known[:-8] + ("0" * 8 if known[-8:] != "0" * 8 else "1" * 8)


def _without_ids(answer: str) -> str:
    """An answer with its ids taken out: those that were asked for are in it."""
    return re.sub(r"(?:[a-z]{2,6}_)?[0-9a-f]{32}", "…", answer)


async def test_another_account_does_not_exist_on_any_route(
    desk: Desk, houses: tuple[House, House], owner_url: str
) -> None:
    """Every id of another account at every place of every route is answered as an unknown one, and changes nothing."""
    mine, theirs = houses
    person = await enrol(desk, mine, Role.OWNER)
    token = await session_of(desk, person.person_id)
    places = {**mine.things, **_FIXED, "account_id": mine.account_id, "name": "bank", "person_id": "prsn_" + "0" * 32}
    before, tried = _contents(owner_url), 0
    for name, row in ROWS.items():
        if len(row) != 2 or "O" not in row[0]:
            continue
        method, path = _routes()[name]
        for place in re.findall(r"{(\w+)}", path):
            if place in ("name", "book"):
                continue
            their = theirs.account_id if place == "account_id" else theirs.things[place]
            unknown = _unknown(their)
            said = []
            for value in (their, unknown):
                filled = re.sub(
                    r"{(\w+)}",
                    lambda found, value=value, place=place: value if found[1] == place else places[found[1]],
                    path,
                )
                body = None if method == "GET" else _WHOLE_BODIES.get(name, {})
                response = await desk.client.request(method, PREFIX + filled, json=body, headers=as_(token))
                said.append((response.status_code, _without_ids(response.text)))
            assert said[0] == said[1], (name, place, said)
            assert said[0][0] == 404, (name, place, said)
            tried += 1
    assert tried > 60
    assert _contents(owner_url) == before


# What would be carried out on one's own account.
_WHOLE_BODIES: dict[str, Any] = {
    "change_account": {"name": "taken over"},
    "set_duplicates": {"policy": "block"},
    "add_member": {"email": "spy@example.com"},
    "change_member": {"nickname": "spy"},
    "set_member_role": {"role": "owner"},
    "invite_member": {"email": "spy@example.com", "role": "owner"},
    "create_group": {"name": "spies"},
    "change_group": {"name": "spies"},
    "create_key": {"name": "spy"},
    "adopt_key": {"name": "spy", "token_sha256": "ab" * 32, "mask": "sk-…spy"},
    "change_key": {"name": "spy"},
    "put_limit": {"scope_id": "acct_" + "0" * 32, "unit": "money", "window": "day", "amount": "1"},
    "ask_for_more": {"limit_id": "lim_" + "0" * 32},
    "raise_asked_limit": {"for_good": True, "amount": "1000"},
    "cancel_order": {},
    "request_invoice": {"legal_name": "Spy", "tax_id": "91310000MA1FL1234X"},
    "set_alert_rules": {"lasts_days": 1},
}


async def test_what_a_body_or_a_query_names_of_another_account_does_not_exist(
    desk: Desk, houses: tuple[House, House], owner_url: str
) -> None:
    mine, theirs = houses
    person = await enrol(desk, mine, Role.OWNER)
    token, own, other = await session_of(desk, person.person_id), f"/accounts/{mine.account_id}", theirs.things
    order = {"provider": "bank", "currency": "USD", "amount": "5"}
    questions: list[tuple[str, str, Any, str]] = [
        ("POST", "/orders", {**order, "account_id": "{}"}, theirs.account_id),
        ("POST", "/codes/redeem", {"account_id": "{}", "code": theirs.tokens["code"]}, theirs.account_id),
        ("POST", "/alerts/channels", {"kind": "webhook", "url": "https://example.com/x", "account_id": "{}"}, theirs.account_id),
        ("POST", "/explain", {"subject": mine.things["request_id"], "account_id": "{}"}, theirs.account_id),
        ("POST", "/explain", {"subject": "{}"}, other["request_id"]),
        ("POST", "/explain", {"subject": "{}"}, other["task_id"]),
        ("POST", "/explain", {"subject": "{}"}, other["submission_id"]),
        ("POST", "/explain", {"subject": "{}"}, other["order_id"]),
        ("POST", "/evidence/bundles", {"subject": "{}"}, other["request_id"]),
        ("POST", "/evidence/bundles", {"subject": mine.things["request_id"], "customer": "{}"}, theirs.account_id),
        ("POST", "/same-account", {"claims": [{"kind": "request", "text": "x"}], "customer": "{}"}, theirs.account_id),
        ("GET", "/orders?account_id={}", None, theirs.account_id),
        ("GET", "/invoice-requests?account_id={}", None, theirs.account_id),
        ("GET", "/code-tries?account_id={}", None, theirs.account_id),
        ("GET", "/requests?account_id={}", None, theirs.account_id),
        ("GET", "/submissions?account_id={}", None, theirs.account_id),
        ("GET", "/tasks?account_id={}", None, theirs.account_id),
        ("GET", "/alerts/channels?account={}", None, theirs.account_id),
        ("GET", "/alerts/deliveries?account={}", None, theirs.account_id),
        ("POST", f"{own}/keys", {"name": "spy", "group_id": "{}"}, other["group_id"]),
        ("POST", f"{own}/keys", {"name": "spy", "member_id": "{}"}, other["member_id"]),
        ("PATCH", f"{own}/keys/{mine.things['key_id']}", {"group_id": "{}"}, other["group_id"]),
        ("PATCH", f"{own}/keys/{mine.things['key_id']}", {"member_id": "{}"}, other["member_id"]),
        ("PUT", f"{own}/limits", {"scope_id": "{}", "unit": "money", "window": "day", "amount": "1"}, other["group_id"]),
        ("PUT", f"{own}/limits", {"scope_id": "{}", "unit": "money", "window": "day", "amount": "1"}, other["key_id"]),
        ("PUT", f"{own}/limits", {"scope_id": "{}", "unit": "money", "window": "day", "amount": "1"}, theirs.account_id),
        ("POST", f"{own}/limit-asks", {"limit_id": "{}", "amount": "1"}, other["limit_id"]),
        (
            "POST", f"{own}/limit-asks", {"limit_id": mine.things["limit_id"], "amount": "1", "request_id": "{}"},
            other["request_id"],
        ),
    ]  # fmt: skip
    before = _contents(owner_url)
    for method, path, body, their in questions:
        said = []
        for value in (their, _unknown(their)):
            filled = json.loads(json.dumps(body).replace("{}", value)) if body is not None else None
            response = await desk.client.request(
                method, PREFIX + path.replace("{}", value), json=filled, headers=as_(token)
            )
            said.append((response.status_code, _without_ids(response.text)))
        assert said[0] == said[1], (method, path, body)
        assert said[0][0] == 404, (method, path, body, said[0])
    assert _contents(owner_url) == before
    # A filter beside one's own account finds nothing of others.
    for path in (
        f"/submissions?account_id={mine.account_id}&key_id={other['key_id']}",
        f"/tasks?account_id={mine.account_id}&key_id={other['key_id']}",
        f"/invoice-requests?account_id={mine.account_id}&order_id={other['order_id']}",
        f"/alerts/deliveries?account={mine.account_id}&channel={other['channel_id']}",
        f"/code-tries?account_id={mine.account_id}&code_id={other['code_id']}",
        f"{own}/keys?group_id={other['group_id']}",
        f"{own}/limits?scope_id={other['group_id']}",
    ):
        answer = await desk.client.get(PREFIX + path, headers=as_(token))
        assert (answer.status_code, answer.json()["items"]) == (200, []), path


async def test_a_member_is_told_of_an_unknown_account_as_staff_is(desk: Desk, houses: tuple[House, House]) -> None:
    mine, theirs = houses
    token = await session_of(desk, (await enrol(desk, mine, Role.OWNER)).person_id)
    for path, their in (
        ("/accounts/{}", theirs.account_id),
        ("/orders/{}", theirs.things["order_id"]),
        ("/requests/{}", theirs.things["request_id"]),
        ("/tasks/{}", theirs.things["task_id"]),
        ("/submissions/{}", theirs.things["submission_id"]),
        ("/members/{}", theirs.things["member_id"]),
        ("/invoice-requests/{}", theirs.things["invoice_id"]),
        ("/alerts/channels/{}", theirs.things["channel_id"]),
    ):
        unknown = _unknown(their)
        told = await desk.client.get(PREFIX + path.format(their), headers=as_(token))
        to_staff = await desk.ask("GET", path.format(unknown), status=404)
        assert told.status_code == 404
        assert json.loads(_without_ids(told.text)) == json.loads(_without_ids(json.dumps(to_staff)))
