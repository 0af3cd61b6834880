"""Asking why, in whatever words: what somebody pastes is read for what it names, and never kept, shown or put in an address."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from counterfoil.console.places import OF_ACCOUNTS
from counterfoil.console.visits import ROOT, Visit, with_query
from counterfoil.evidence.model import About, Audience, Explanation
from counterfoil.evidence.subjects import SUBJECT_CHARACTERS_MAX, recognise
from counterfoil.foundation.errors import InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.redaction.model import SecretKind
from counterfoil.redaction.rules import find, redact

# What opens something for whoever has it. A redemption code is asked about by those who hold it, and is looked up by its
# hash; the rest (phone numbers, order numbers) is private, and is only left out of what is shown again.
_SECRETS = frozenset(
    {
        SecretKind.API_KEY, SecretKind.AUTHORIZATION, SecretKind.COOKIE, SecretKind.PASSWORD, SecretKind.CARD,
        SecretKind.BANK, SecretKind.PAYMENT_LINK,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An answer, and whether something secret had been pasted with the question."""

    explanation: Explanation
    had_secret: bool


async def answered(visit: Visit, text: str, *, account_id: UUID, as_staff: bool) -> Asked:
    """The one answer to a pasted text.

    Secrets are taken out before anything is looked up: what the rest names is answered, and without that the text is
    refused. Raises `InputError` (`secret_pasted`, or a text that is empty or too long) and what `Evidence.explain` raises.
    """
    if not text:
        raise InputError(field="q", expected="req_…")
    if len(text) > SUBJECT_CHARACTERS_MAX:
        raise InputError(code="pasted_too_long", field="q")
    had_secret = any(one.kind in _SECRETS for one in find(text))
    subject = _without_secrets(visit, text) if had_secret else text
    try:
        explanation = await visit.services.evidence.explain(
            subject, language=visit.language, audience=Audience.OPERATOR if as_staff else Audience.CUSTOMER,
            account_id=account_id,
        )  # fmt: skip
    except NotFound:
        if had_secret:
            raise InputError(code="secret_pasted", field="q") from None
        raise
    return Asked(explanation=explanation, had_secret=had_secret)


def _without_secrets(visit: Visit, text: str) -> str:
    """The ids in a text, or where there are none the text with its secrets masked."""
    ids = recognise(text, now=visit.now).ids
    return " ".join(one.shown for one in ids) if ids else redact(text)


def shown_again(text: str) -> str:
    """A text as its field shows it again: without anything secret."""
    return redact(text)


def page_of_answer(explanation: Explanation, *, account_id: UUID) -> str:
    """Where an answer is shown: the page of the record that it is about, or the answer by itself.

    Its address has the answer's subject, which is an id, a code or words of ours; never the text that was pasted.
    """
    owner = explanation.account_id or account_id
    account = f"{ROOT}/accounts/{show_id('account', owner)}"
    if explanation.about is About.REQUEST:
        kind = "task" if explanation.subject.startswith("task_") else "request"
        return account + OF_ACCOUNTS[kind].format(id=explanation.subject)
    if explanation.about is About.SUBMISSION:
        return account + OF_ACCOUNTS["submission"].format(id=explanation.subject)
    return with_query(f"{account}/why", {"q": explanation.subject})
