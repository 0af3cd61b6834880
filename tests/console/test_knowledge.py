"""The editors' desk in the console: from a signal or a case to a draft, its approval, and the page that readers see then."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

import httpx2
import pytest

from console.callers import open_shop, with_key
from console.test_cases import Shop, arrives, as_browsers_send, cases_of, confirmed
from console.visitors import OPERATOR, House, Visitor
from counterfoil.bootstrap.doors import open_doors
from counterfoil.bootstrap.knowledge import publishing_context
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import StaffRole
from counterfoil.knowledge.editing_model import DraftState
from counterfoil.knowledge.front_matter import write_article
from counterfoil.knowledge.model import Article
from counterfoil.knowledge.publishing import pages
from counterfoil.knowledge.votes_model import Verdict
from counterfoil.support.model import Resolution

SLUG = "key-invalid"
_DRAFT = re.compile(r"drft_[0-9a-f]{32}")


async def article_of(house: House, language: Language = Language.EN, slug: str = SLUG) -> Article:
    return (await house.services.knowledge.handbook()).article(slug, language)


def statement_of(en: Article, zh: Article, **changed: object) -> Mapping[str, object]:
    """What an approver types who has read both pages."""
    return {
        "action_en": en.action, "action_zh": zh.action, "action_owner": en.action_owner.value,
        "evidence": list(en.evidence), "stopping_point_en": en.stopping_point, "stopping_point_zh": zh.stopping_point,
        **changed,
    }  # fmt: skip


async def begun(house: House, editor: Visitor, slug: str = SLUG) -> str:
    """The path of a new draft."""
    response = await editor.post("/knowledge/drafts", {"slug": slug})
    found = _DRAFT.search(response.headers["location"])
    assert found is not None
    return f"/knowledge/drafts/{found[0]}"


async def saved(
    house: House, editor: Visitor, path: str, version: int, changes: Mapping[str, tuple[str, str]], **fields: str
) -> None:
    texts = {}
    for language in Language:
        text = write_article(await article_of(house, language))
        old, new = changes.get(language.value, ("", ""))
        assert old in text
        texts[language.value] = as_browsers_send(text.replace(old, new, 1) if old else text)
    form = {
        "version": version,
        "reason": "Asked again and again.",
        "source_question": "Is it my key?",
        **texts,
        **fields,
    }
    await editor.post(path, form)


async def new_titles(house: House) -> Mapping[str, tuple[str, str]]:
    found = {}
    for language, words in ((Language.EN, "The key is not known"), (Language.ZH, "系统不认识这个 Key")):
        title = (await article_of(house, language)).title
        found[language.value] = (f'title = "{title}"', f'title = "{words}"')
    return found


@pytest.fixture
async def editor(house: House) -> Visitor:
    return await house.staff(StaffRole.EDITOR)


@pytest.fixture
async def other(house: House) -> Visitor:
    return await house.staff(StaffRole.EDITOR)


async def ready(house: House, editor: Visitor) -> str:
    path = await begun(house, editor)
    await saved(house, editor, path, 1, await new_titles(house))
    await editor.post(f"{path}/ready", {"version": 2})
    return path


async def published(house: House, editor: Visitor, other: Visitor) -> str:
    path = await ready(house, editor)
    form = statement_of(await article_of(house), await article_of(house, Language.ZH), version=2)
    return await other.follow(await other.post(f"{path}/approve", form))


async def test_a_draft_is_written_checked_approved_by_another_and_then_shown_to_readers(
    house: House, editor: Visitor, other: Visitor
) -> None:
    path = await begun(house, editor)
    page = await editor.get(path)
    assert "Begun from" in page
    assert (await article_of(house)).title in page
    await saved(house, editor, path, 1, await new_titles(house))
    page = await editor.get(path)
    assert "Nothing was found" in page
    # What readers will see has its macros filled in.
    assert "{{" not in page.split('class="written"')[1].split("</p>")[0]
    await editor.post(f"{path}/ready", {"version": 2})
    assert "Ready to be approved" in await other.get("/knowledge/drafts")
    assert "Drafts that wait for approval" in await other.get("/staff")
    en, zh = await article_of(house), await article_of(house, Language.ZH)
    # Its author does not approve it just so: this installation lets one person decide, but not without a reason.
    page = await _posted(editor, f"{path}/approve", statement_of(en, zh, version=2), status=422)
    assert "Reason to decide alone" in page
    assert (await article_of(house)).title == en.title
    wrong = statement_of(en, zh, version=2, stopping_point_en="It never ends.")
    page = await other.follow(await other.post(f"{path}/approve", wrong))
    assert "not what the draft says: not published" in page
    assert "It never ends." in page
    assert en.stopping_point in page
    assert (await article_of(house)).title == en.title
    page = await other.follow(await other.post(f"{path}/approve", statement_of(en, zh, version=2)))
    assert "Revision published" in page
    assert "Revision 1" in page
    assert (await article_of(house)).title == "The key is not known"
    assert (await article_of(house, Language.ZH)).title == "系统不认识这个 Key"
    page = await editor.get(path)
    assert "Different: not published" in page
    assert "The same: published" in page


async def _posted(visitor: Visitor, path: str, form: Mapping[str, object], *, status: int) -> str:
    return (await visitor.post(path, form, status=status)).text.replace("&#39;", "'")


async def test_what_is_published_is_served_found_and_in_the_static_copy(
    house: House, editor: Visitor, other: Visitor
) -> None:
    async with open_doors(house.services) as doors:
        reader = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=doors.site), base_url="https://desk.test")
        before = (await reader.get(f"/help/en/{SLUG}")).text
        assert "The key is not known" not in before
        await published(house, editor, other)
        for path in (f"/help/en/{SLUG}", f"/help/en/{SLUG}.md", "/help/en/search-index.json", "/llms-full.txt"):
            assert "The key is not known" in (await reader.get(path)).text, path
        assert "The key is not known" in (await reader.get("/help/en/search", params={"q": "key_invalid"})).text
        served = (await reader.get(f"/help/en/{SLUG}")).content
        await reader.aclose()
    catalogue = await house.services.knowledge.handbook()
    copy = pages(catalogue, publishing_context(house.services.settings, "https://desk.test"))
    assert copy[f"help/en/{SLUG}.html"] == served


async def test_going_back_begins_a_draft_with_the_earlier_words(house: House, editor: Visitor, other: Visitor) -> None:
    await published(house, editor, other)
    page = await editor.get(f"/knowledge/articles/{SLUG}/revisions/1")
    assert "The key is not known" in page
    # The last one is what is shown: there is nothing to go back to.
    assert "Draft this revision again" not in page
    path = await begun(house, editor)
    await saved(
        house, editor, path, 1,
        {"en": ('title = "The key is not known"', 'title = "Unknown key"'), "zh": ('title = "系统不认识这个 Key"', 'title = "未知的 Key"')},
    )  # fmt: skip
    await editor.post(f"{path}/ready", {"version": 2})
    form = statement_of(await article_of(house), await article_of(house, Language.ZH), version=2)
    await other.post(f"{path}/approve", form)
    assert (await article_of(house)).title == "Unknown key"
    response = await editor.post(f"/knowledge/articles/{SLUG}/revisions/1/back")
    page = await editor.follow(response)
    assert 'title = "The key is not known"' in page
    assert "An earlier revision" in page
    assert (await article_of(house)).title == "Unknown key"
    assert "Revision 2" in await editor.get(f"/knowledge/articles/{SLUG}")


async def test_what_the_checks_find_is_shown_with_its_line_and_keeps_a_draft_from_going_on(
    house: House, editor: Visitor
) -> None:
    path = await begun(house, editor)
    await saved(house, editor, path, 1, {"en": ("\n## ", "\nWrite to someone@shop.example.\n\n## ")})
    page = await editor.get(path)
    assert "There is an e-mail address" in page
    assert "Blocks publishing" in page
    assert "Ready to be approved" not in page
    page = await _posted(editor, f"{path}/ready", {"version": 2}, status=409)
    assert "The checks have found something" in page


async def test_what_was_typed_stays_where_somebody_else_has_saved_meanwhile(
    house: House, editor: Visitor, other: Visitor
) -> None:
    path = await begun(house, editor)
    await saved(house, editor, path, 1, {})
    form = {"version": 1, "zh": "x", "en": "my own words", "reason": "mine", "source_question": "?"}
    page = await _posted(other, path, form, status=409)
    assert "The draft has changed" in page
    assert "my own words" in page


async def test_the_queue_begins_with_what_is_due_first(house: House, editor: Visitor) -> None:
    page = await editor.get("/knowledge")
    articles = (await house.services.knowledge.handbook()).articles(Language.EN)
    due = re.findall(r"\d{4}-\d{2}-\d{2}", await editor.get("/knowledge", csv="review"))
    first = [date.fromisoformat(one) for one in due[::2]]
    assert first == sorted(first)
    assert len(first) == len(articles)
    assert "Cases before" in page
    assert (await article_of(house)).title in await editor.get("/knowledge", q=SLUG)
    assert "No article fits" in await editor.get("/knowledge", q="no such words")


async def test_votes_against_a_page_are_a_signal_with_its_remedy(house: House, editor: Visitor) -> None:
    votes = house.services.knowledge.votes
    for verdict in (Verdict.NO, Verdict.NO, Verdict.YES):
        await votes.add(SLUG, Language.EN, verdict)
    page = await editor.get("/knowledge/signals")
    title = (await article_of(house)).title
    assert f"Not the answer: {title}" in page
    assert "2 of 3" in page
    assert "The answer" in page
    assert "1 yes · 2 no" in await editor.get("/knowledge", q=SLUG)
    link = re.search(r'href="(/console/knowledge/drafts\?slug=key-invalid[^"#]*)', page)
    assert link is not None
    assert f'value="{SLUG}"' in await editor.get(link[1])


@pytest.fixture
async def shop(house: House) -> Shop:
    account = await house.open_account("Acme Robotics", credit=100)
    return Shop(
        house=house, desk=await open_shop(house), account=account, customer=await with_key(house, account),
        support=await house.staff(StaffRole.SUPPORT), finance=await house.staff(StaffRole.FINANCE),
    )  # fmt: skip


async def resolved(shop: Shop, **said: str) -> str:
    """The path of a resolved case's proposal."""
    case = await arrives(shop.house, "balance_not_enough", said)
    await cases_of(shop.house).resolve(case.case_id, Resolution.ANSWERED, principal=OPERATOR)
    return f"/knowledge/from-case/{show_id('case', case.case_id)}"


async def test_a_resolved_case_becomes_a_draft_without_its_facts(shop: Shop, editor: Visitor) -> None:
    request_id = await shop.desk.served(shop.customer)
    path = await resolved(
        shop, request_id=request_id, model="midnight-painter", key_mask="sk-…3fA9", request_time="2026-11-29 08:00 UTC",
        error_text="Acme says midnight-painter took 12.50 USD at 2026-11-29 08:00 for it, and nothing came back",
    )  # fmt: skip
    page = await shop.support.get(path)
    assert "nothing came back" in page
    await shop.support.post(path, {"slug": "402-and-its-sources"})
    [draft] = await shop.house.services.knowledge.editing.drafts(only_open=True)
    assert draft.state is DraftState.WRITING
    assert "nothing came back" in draft.notes
    for fact in (request_id, "midnight-painter", "12.50", "2026-11-29", "08:00"):
        assert fact not in draft.notes + draft.source_question
    page = await editor.get(f"/knowledge/drafts/{show_id('draft', draft.draft_id)}")
    assert "nothing came back" in page
    # Editors read no case.
    await editor.get(path, status=403)


async def test_a_case_that_is_not_resolved_becomes_no_draft(shop: Shop) -> None:
    case = await arrives(shop.house, "failed_perhaps_charged", {"task_id": f"task_{'0' * 32}", "charge_shown": "yes"})
    page = await shop.support.get(f"/knowledge/from-case/{show_id('case', case.case_id)}", status=409)
    assert "<code>case_not_resolved</code>" in page


async def test_a_repeated_cause_leads_to_the_page_that_explains_it(shop: Shop, editor: Visitor) -> None:
    for _ in range(2):
        request_id = await shop.desk.served(shop.customer)
        case = await arrives(shop.house, "failed_perhaps_charged", {"request_id": request_id, "charge_shown": "yes"})
        await confirmed(shop, case, request_id)
    page = await editor.get("/knowledge/signals")
    assert "The path" in page
    assert "/console/knowledge/articles/" in page
