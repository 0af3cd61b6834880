"""What people come for, from the first page to what they leave with: in both languages, at a desk and on a phone."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta

import openpyxl
import pytest
from demo_console import Demo, Look
from playwright.sync_api import Page, expect

from console.browser.conftest import Open
from counterfoil.foundation.vocabulary import Kind, Language, text

ACCOUNT = "Acme Robotics"
DESK_EN, DESK_ZH = Look("en"), Look("zh")
PHONE_EN, PHONE_ZH = Look("en", phone=True), Look("zh", phone=True)
PASSWORD = "five chestnuts by the river"
PATIENCE_MS = 60_000


def said(kind: Kind, code: str, look: Look) -> str:
    return text(kind, code, Language(look.language))


def go(page: Page, path: str) -> None:
    """To a page of the menu: unfolded first where the screen is small."""
    fold = page.locator(".menu-fold")
    if not page.locator(".menu-fold a").first.is_visible():
        fold.locator("summary").click()
    page.locator(f'.menu-fold a[href$="{path}"]').click()
    page.wait_for_url(re.compile(re.escape(path) + r"(?:\?|$)"))


def send(page: Page, within: str) -> None:
    page.locator(f"{within} button[type=submit]").first.click()
    page.wait_for_load_state()


def refused_request(page: Page, code: str) -> str:
    """The id of a request that the demo has been refused with that code."""
    go(page, "/requests")
    page.goto(page.url.partition("?")[0] + f"?code={code}")
    name = page.locator("td .id").first.get_attribute("title")
    assert name is not None
    return name


# 1. Sign in.


@pytest.mark.parametrize("look", [DESK_EN, PHONE_ZH], ids=str)
def test_anybody_of_the_demo_signs_in_with_one_click(visit: Open, look: Look) -> None:
    page = visit(look=look)
    page.goto("/console")
    assert page.locator("html").get_attribute("lang") == ("zh-CN" if look.language == "zh" else "en")
    expect(page.locator("h1")).to_have_text(said(Kind.PAGE, "page_sign_in", look))
    page.locator(".door").filter(has_text=ACCOUNT).first.click()
    page.wait_for_url(re.compile("/overview$"))
    # In the language that they have chosen, whatever the browser's is. The month's waterfall comes after the rest of the page.
    expect(page.locator(".chart-steps")).to_be_visible()


def test_the_first_administrator_chooses_a_password_and_signs_in_with_it(visit: Open, demo: Demo) -> None:
    token = (demo.data_dir / "administrator.link").read_text(encoding="utf-8").strip()
    page = visit(look=DESK_EN)
    page.goto(f"/console/welcome/{token}")
    page.fill("#field-email", "first@operator.example")
    page.fill("#field-password", PASSWORD)
    send(page, "main")
    page.wait_for_url(re.compile("/staff"))
    page.locator(".me summary").click()
    page.locator(".me form").last.locator("button").click()
    page.wait_for_url(re.compile("/sign-in"))
    page.fill("#field-email", "first@operator.example")
    page.fill("#field-password", "not this one at all")
    send(page, "form[data-second-step]")
    expect(page.get_by_role("alert")).to_be_visible()
    # The address stays typed; the wrong password does not.
    expect(page.locator("#field-email")).to_have_value("first@operator.example")
    expect(page.locator("#field-password")).to_have_value("")
    page.fill("#field-password", PASSWORD)
    send(page, "form[data-second-step]")
    page.wait_for_url(re.compile("/staff"))


# 2 and 3. Why was it refused?


@pytest.mark.parametrize("look", [DESK_ZH, PHONE_EN], ids=str)
def test_a_402_is_explained_from_its_request_id(visit: Open, look: Look) -> None:
    page = visit("Owner", account=ACCOUNT, look=look)
    request_id = refused_request(page, "group_quota")
    go(page, "/why")
    page.fill("#why-q", request_id)
    send(page, "main")
    main = page.locator("main")
    expect(main).to_contain_text(said(Kind.REFUSAL, "group_quota", look))
    expect(main).to_contain_text("402")


@pytest.mark.parametrize("look", [DESK_EN, PHONE_ZH], ids=str)
def test_a_402_is_explained_from_the_error_that_a_program_printed(visit: Open, look: Look) -> None:
    page = visit("Owner", account=ACCOUNT, look=look)
    request_id = refused_request(page, "group_quota")
    pasted = "openai.APIStatusError: Error code: 402 - " + json.dumps(
        {"error": {"message": "Group quota reached", "code": "group_quota", "request_id": request_id}}
    )
    go(page, "/why")
    page.fill("#why-q", pasted)
    page.locator("#why-q").press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_load_state()
    expect(page.locator("main")).to_contain_text(said(Kind.REFUSAL, "group_quota", look))
    expect(page.locator(f'[title="{request_id}"]').first).to_be_visible()


# 4. Recharge and see it arrive.


@pytest.mark.parametrize("look", [PHONE_ZH, DESK_EN], ids=str)
def test_a_recharge_is_paid_and_arrives_while_one_watches(visit: Open, look: Look) -> None:
    page = visit("Owner", account="Blue Lantern", look=look)
    go(page, "/recharge")
    page.fill("#field-amount", "20")
    page.select_option("#field-pay_with", "wechat/CNY")
    send(page, "#recharge-new")
    expect(page.locator("#recharge-quote")).to_be_visible()
    send(page, "#recharge-quote form")
    order = page.url.partition("?")[0]
    send(page, 'form[action$="/pay"]')
    counter = page.context.new_page()
    link = page.locator('#pay .notice a[href*="/pay/wechat/"]').get_attribute("href")
    assert link is not None
    counter.goto(link)
    counter.locator("button").first.click()
    counter.close()
    page.goto(order)
    # The page refreshes itself until the money is there.
    expect(page.locator("#progress .mark").first).to_have_text(
        said(Kind.ORDER_STATE, "paid", look), timeout=PATIENCE_MS
    )
    go(page, "/statement")
    expect(
        page.locator(
            f'#table-statement [title="{order.rpartition("/")[2]}"], #table-statement a[href*="{order.rpartition("/")[2]}"]'
        ).first
    ).to_be_visible()


# 5. Redeem.


def test_a_code_is_made_by_operations_and_redeemed_by_a_customer(visit: Open) -> None:
    operations = visit("Operations", look=DESK_EN)
    go(operations, "/codes")
    operations.locator("details summary").filter(has_text=said(Kind.PAGE, "codes_new", DESK_EN)).click()
    operations.fill("#field-batch_name", "A journey")
    operations.fill("#field-batch_value", "7.77")
    operations.fill("#field-batch_count", "1")
    with operations.expect_download() as made:
        send(operations, 'form[action$="/codes"]:has(#field-batch_name)')
    [line] = csv.DictReader(io.StringIO(made.value.path().read_text(encoding="utf-8-sig")))
    code = next(iter(line.values()))
    customer = visit("Owner", account="Casey", look=PHONE_ZH)
    go(customer, "/recharge")
    customer.fill("#field-code", code)
    send(customer, "#recharge-redeem")
    expect(customer.get_by_role("status").first).to_be_visible()
    expect(customer.locator("main")).to_contain_text("7.77")
    assert code not in customer.content()
    customer.fill("#field-code", code)
    send(customer, "#recharge-redeem")
    expect(customer.get_by_role("alert").first).to_be_visible()


# 6. A failed video, and its duplicates as one submission.


@pytest.mark.parametrize("look", [DESK_ZH, PHONE_EN], ids=str)
def test_a_failed_video_was_not_charged_and_copies_are_one_submission(visit: Open, look: Look) -> None:
    page = visit("Owner", account="Blue Lantern", look=look)
    go(page, "/tasks")
    page.goto(page.url.partition("?")[0] + "?state=failed")
    page.locator('td a[href*="/tasks/task_"]').first.click()
    page.wait_for_url(re.compile("/tasks/task_"))
    expect(page.locator("main")).to_contain_text(said(Kind.CHARGE_MARK, "not_charged", look))
    go(page, "/submissions")
    page.locator('td a[href*="/submissions/sub_"]').first.click()
    page.wait_for_url(re.compile("/submissions/sub_"))
    expect(page.locator("#table-copies tbody tr")).not_to_have_count(1)
    expect(page.locator("main")).to_contain_text(said(Kind.WORD, "copies_blocked", look))


# 7. A quota that refuses.


def test_a_group_quota_is_set_and_refuses(visit: Open, demo: Demo) -> None:
    page = visit("Owner", account=ACCOUNT, look=DESK_EN)
    go(page, "/groups")
    page.locator('main a[href$="/groups/new"]').first.click()
    page.fill("#field-name", "Journey")
    page.fill("#field-limit_money_month", "0.000001")
    send(page, "main form")
    expect(page.get_by_role("status").first).to_be_visible()
    go(page, "/keys")
    page.locator('main a[href*="/keys/new"]').first.click()
    page.fill("#field-name", "journey key")
    page.select_option("#field-group", label="Journey")
    send(page, "main form")
    token = page.locator("#once").inner_text()
    answer = page.request.post(
        f"{demo.address}/v1/chat/completions",
        headers={"authorization": f"Bearer {token}"},
        data={"model": "sandbox-small", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 500},
    )
    assert answer.status == 402
    refused = answer.json()["error"]
    assert refused["code"] == "group_quota"
    go(page, "/requests")
    expect(page.locator(f'[title="{refused["request_id"]}"]').first).to_be_visible()
    page.goto("/console/profile")
    assert token not in page.content()


# 8. Which script it was.


@pytest.mark.parametrize("look", [DESK_EN, PHONE_ZH], ids=str)
def test_spending_is_followed_down_to_the_script(visit: Open, look: Look) -> None:
    page = visit("Owner", account=ACCOUNT, look=look)
    go(page, "/spend")
    page.locator("#table-client a, #table-clients a, #table-script a, #table-by_client a, table a").filter(
        has_text="counterfoil-replay"
    ).first.click()
    page.wait_for_load_state()
    expect(page.locator(".chosen")).to_contain_text("counterfoil-replay")
    expect(page.locator("main")).to_contain_text("CI pipeline")


# 9. A break, settled by approval.


def test_a_break_is_found_proposed_and_settled_by_somebody_else(visit: Open) -> None:
    day = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    finance = visit("Finance", look=DESK_EN)
    go(finance, "/reconcile/sources")
    # More than one person may decide alone.
    line = f"{day};09:00:00;733.00;journey-{datetime.now(UTC).timestamp():.0f};Nobody we know;Recharge\n"
    finance.set_input_files(
        "#field-file",
        {
            "name": "bank-journey.csv", "mimeType": "text/csv",
            "buffer": ("Date;Time;Amount;Reference;Counterparty;Details\n" + line).encode(),
        },
    )  # fmt: skip
    finance.select_option("#field-of_source", "bank")
    send(finance, 'form[action$="/reconcile/statements"]')
    go(finance, "/reconcile")
    finance.fill("#field-day", day)
    finance.select_option("#field-book", "payments")
    send(finance, 'form[action$="/reconcile/run"]')
    go(finance, "/reconcile/breaks")
    row = finance.locator("#table-breaks tbody tr").filter(has_text="733.00")
    # Matching goes on while one does something else.
    for _ in range(PATIENCE_MS // 1000):
        if row.count():
            break
        finance.wait_for_timeout(1000)
        finance.reload()
    row.locator('a[href*="/breaks/brk_"]').first.click()
    finance.wait_for_url(re.compile("/breaks/brk_"))
    address = finance.url
    finance.locator("#act details summary").first.click()
    finance.select_option("#field-settle_action", "write_off")
    finance.fill("#field-settle_reason", "Nobody we know has paid it")
    send(finance, 'form[action$="/settle"]')
    expect(finance.locator('main a[href*="/approvals/appr_"]').first).to_be_visible()
    approval = finance.locator('main a[href*="/approvals/appr_"]').first.get_attribute("href")
    assert approval is not None
    finance.goto(approval)
    # Whoever has proposed it does not approve it.
    expect(finance.locator('form[action$="/approve"]')).to_have_count(0)
    other = visit("Administrator", look=PHONE_ZH)
    other.goto(approval)
    other.fill("#field-reason", "Checked with the bank")
    send(other, 'form[action$="/approve"]')
    expect(other.get_by_role("status").first).to_be_visible()
    finance.goto(address)
    expect(finance.locator("main")).to_contain_text(said(Kind.BREAK_STATE, "settled", DESK_EN))


# 10. A statement to take away.


@pytest.mark.parametrize("look", [DESK_ZH, PHONE_EN], ids=str)
def test_a_statement_is_taken_away_as_csv_as_xlsx_and_on_paper(visit: Open, look: Look) -> None:
    page = visit("Owner", account=ACCOUNT, look=look)
    go(page, "/statement")
    with page.expect_download() as download:
        page.locator("#table-statement .files a", has_text="CSV").click()
    rows = list(csv.reader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig"))))
    assert len(rows) > 2
    with page.expect_download() as download:
        page.locator("#table-statement .files a", has_text="XLSX").click()
    sheet = openpyxl.load_workbook(io.BytesIO(download.value.path().read_bytes())).active
    assert sheet is not None
    assert [[cell or "" for cell in row] for row in sheet.iter_rows(values_only=True)] == rows
    page.locator('main a[href*="/statement/print"]').first.click()
    page.wait_for_url(re.compile("/statement/print"))
    expect(page.locator("[data-print]").first).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator(".menu")).to_be_hidden()
    expect(page.locator("main table").first).to_be_visible()
