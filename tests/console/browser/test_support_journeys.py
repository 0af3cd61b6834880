"""A 402 from the form that nobody signs in for to the credit on its customer's page, and back when it was not solved."""

from __future__ import annotations

import re

import pytest
from demo_console import Look
from playwright.sync_api import Page, expect

from console.browser.conftest import Open
from console.browser.test_journeys import ACCOUNT, DESK_EN, PHONE_ZH, go, refused_request, said, send
from counterfoil.foundation.vocabulary import Kind

PATIENCE_MS = 30_000
SECRET = "sk-proj-" + "Zx9Wv8Ut7Sr6Qp5O" * 3
# More than one person may decide alone.
AMOUNT = "733"
REASON = "A day of errors"
AGAIN = {"en": "It is refused again.", "zh": "还是被拒绝。"}


def send_anonymously(page: Page, request_id: str, look: Look) -> str:
    """A case from the public form, stopped once by a key that was pasted; the address of its private link."""
    page.goto("/support")
    page.locator('main a[href*="/support/balance_not_enough"]').first.click()
    page.fill("#field-request_id", request_id)
    page.fill("#field-error_text", f"402 Authorization: Bearer {SECRET}")
    send(page, ".support-form")
    # Nothing was kept: what is wrong is named, and everything else is still there.
    expect(page.locator(".said-heading")).to_have_text(said(Kind.PAGE, "support_refused", look))
    expect(page.locator(".field.has-problem #field-error_text")).to_have_value("")
    expect(page.locator("#field-request_id")).to_have_value(request_id)
    assert SECRET not in page.content()
    page.fill("#field-error_text", "402 group_quota")
    send(page, ".support-form")
    expect(page.locator("h1")).to_have_text(said(Kind.PAGE, "support_received", look))
    link = page.locator('main .id a[href*="/support/case/"]').get_attribute("href")
    assert link is not None
    return link


def follow(page: Page, link: str) -> str:
    """Open the link, which tells a stranger where the case is and nothing of any record; the case's number."""
    page.goto(link)
    number = page.locator(".case-number").inner_text()
    expect(page.locator("main")).not_to_contain_text("USD")
    return number


def diagnose_and_answer(page: Page, number: str, request_id: str) -> str:
    """Find the case in the queue, confirm its record with one key, send the draft; the case's address."""
    go(page, "/cases")
    page.locator("#table-cases a", has_text=number).first.click()
    page.wait_for_url(re.compile("/cases/case_"))
    first = page.locator("#candidates .candidate").first
    # The records are searched within a second or two of its arrival.
    for _ in range(PATIENCE_MS // 1000):
        if first.count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    expect(first).to_contain_text(request_id[-6:])
    page.keyboard.press("1")
    expect(page.locator(".candidate.is-confirmed")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("#field-reply_text")).to_have_value(re.compile(r"0\.\d+ USD"))
    send(page, ".reply-form")
    expect(page.get_by_role("status").first).to_be_visible()
    return page.url.partition("?")[0].partition("#")[0]


def propose_credit(page: Page, case: str) -> str:
    """The address of the approval."""
    page.goto(case)
    page.select_option("#field-settle_kind", "compensation")
    page.fill("#field-settle_amount", AMOUNT)
    page.fill("#field-settle_reason", REASON)
    send(page, "#settle form")
    page.goto(case)
    approval = page.locator('main a[href*="/approvals/appr_"]').first.get_attribute("href")
    assert approval is not None
    return approval


def approve(page: Page, approval: str) -> None:
    page.goto(approval)
    page.fill("#field-reason", "Checked against the records")
    send(page, 'form[action$="/approve"]')
    expect(page.get_by_role("status").first).to_be_visible()


def resolve(page: Page, case: str) -> None:
    page.goto(case)
    page.locator("#act details").filter(has=page.locator('form[action$="/resolve"]')).locator("summary").click()
    page.locator('#act input[name="resolution"][value="compensation"]').check()
    send(page, 'form[action$="/resolve"]')
    expect(page.get_by_role("status").first).to_be_visible()


def see_credit_and_open_again(page: Page, link: str, number: str, look: Look) -> None:
    """From the link to the case's own page, which has the credit and the explanation; and open it again there."""
    page.goto(link)
    page.locator(f'a[href="/console/support/{number}"]').click()
    page.wait_for_url(re.compile(r"/accounts/acct_[0-9a-f]+/support/case_"))
    case = page.url
    expect(page.locator("#posted")).to_contain_text(f"{AMOUNT}.00")
    expect(page.locator("#posted")).not_to_contain_text(REASON)
    expect(page.locator("#told")).to_contain_text(said(Kind.REFUSAL, "group_quota", look))
    expect(page.locator("#said .is-support").first).to_contain_text("USD")
    page.locator('#posted a[href*="/statement/charges"]').click()
    expect(page.locator("#table-statement tbody tr")).to_have_count(1)
    expect(page.locator("#table-statement")).to_contain_text(f"{AMOUNT}.00")
    page.goto(case)
    page.fill("#again-answer", AGAIN[look.language])
    send(page, "#reopen form")
    expect(page.get_by_role("status").first).to_contain_text(said(Kind.PAGE, "done_case_reopened", look))
    expect(page.locator("#said .is-own").last).to_contain_text(AGAIN[look.language])


@pytest.mark.parametrize("look", [DESK_EN, PHONE_ZH], ids=str)
def test_a_402_is_sent_by_a_stranger_settled_by_three_desks_and_opened_again(visit: Open, look: Look) -> None:
    customer = visit("Owner", account=ACCOUNT, look=look)
    request_id = refused_request(customer, "group_quota")
    stranger = visit(look=look)
    link = send_anonymously(stranger, request_id, look)
    number = follow(stranger, link)
    support = visit("Support", look=DESK_EN)
    case = diagnose_and_answer(support, number, request_id)
    approval = propose_credit(support, case)
    # Until it is approved, nobody outside hears of it; whoever has proposed it does not approve it.
    expect(support.locator('form[action$="/approve"]')).to_have_count(0)
    approve(visit("Finance", look=DESK_EN), approval)
    resolve(support, case)
    follow(stranger, link)
    see_credit_and_open_again(customer, link, number, look)
    stranger.reload()
    expect(stranger.locator(".stamp")).to_have_text(said(Kind.CASE_STATE, "diagnosed", look))
    support.goto(case)
    expect(support.locator("#history")).to_contain_text(AGAIN[look.language])


@pytest.mark.parametrize("look", [DESK_EN, PHONE_ZH], ids=str)
def test_whoever_is_signed_in_is_answered_before_anything_is_sent(visit: Open, look: Look) -> None:
    page = visit("Owner", account=ACCOUNT, look=look)
    request_id = refused_request(page, "group_quota")
    page.locator(f'[title="{request_id}"] a').first.click()
    page.wait_for_url(re.compile("/requests/req_"))
    page.locator(".ask-support").first.click()
    expect(page.locator("#field-request_id")).to_have_value(request_id)
    expect(page.locator("#told")).to_contain_text(said(Kind.REFUSAL, "group_quota", look))
    page.locator("#this-answers button").click()
    page.wait_for_url(re.compile("/support/case_"))
    expect(page.get_by_role("status").first).to_contain_text(said(Kind.PAGE, "done_case_answered_itself", look))
