"""Writing a ticket about what happened, as people do: the chosen class's fields, some left out, some wrong. Pure.

However messy, a ticket leaves enough for a careful person to find the record by; nothing is made up that the reporter could
not have before their eyes.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from uuid import UUID

from counterfoil.cli.bench_cases_model import Happened, Mess, Reporter, Ticket, Way
from counterfoil.cli.bench_cases_words import (
    as_screenshot,
    full_width,
    mask_of,
    mistyped,
    mistyped_email,
    short_id,
    write_amount,
    write_time,
    write_window,
)
from counterfoil.foundation.ids import PREFIXES, show_id
from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM, Kind, Language, entries, entry
from counterfoil.foundation.vocabulary.messages import refusal_message
from counterfoil.foundation.vocabulary.sentences import Reader
from counterfoil.support.templates_text import template_text

BALANCE, RECHARGE, FELL, FAILED, ELSE = (
    "balance_not_enough", "recharged_not_credited", "balance_fell", "failed_perhaps_charged", "something_else"
)  # fmt: skip
_HEX = "0123456789abcdef"
_SYMBOLS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_SIGNS = "23456789abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
_TYPED = frozenset(
    {"request_time", "order_time", "amount", "redemption_time", "status_code", "time_window", "order_mask"}
)
_TIMES = (Mess.WRONG_ZONE, Mess.NO_ZONE, Mess.ROUNDED_TIME, Mess.DATE_ONLY)
# What may be wrong with a ticket of a class, beside its time.
_MESSES: Mapping[str, tuple[Mess, ...]] = MappingProxyType(
    {
        BALANCE: (Mess.MASK_FOR_ID, Mess.NICKNAME_FOR_EMAIL, Mess.MISTYPED_EMAIL, Mess.TWO_PROBLEMS, Mess.MISSING_FIELDS,
                  Mess.FULL_WIDTH, Mess.SCREENSHOT_TEXT, Mess.WRONG_CLASS),
        RECHARGE: (Mess.ROUNDED_AMOUNT, Mess.WHOLE_NUMBER, Mess.MISTYPED_MASK, Mess.NICKNAME_FOR_EMAIL, Mess.MISTYPED_EMAIL,
                   Mess.TWO_PROBLEMS, Mess.MISSING_FIELDS, Mess.FULL_WIDTH, Mess.WRONG_CLASS),
        FELL: (Mess.NICKNAME_FOR_EMAIL, Mess.TWO_PROBLEMS, Mess.MISSING_FIELDS, Mess.FULL_WIDTH, Mess.WRONG_CLASS),
        FAILED: (Mess.MASK_FOR_ID, Mess.TWO_PROBLEMS, Mess.MISSING_FIELDS, Mess.FULL_WIDTH, Mess.WRONG_CLASS),
        ELSE: (Mess.TWO_PROBLEMS, Mess.SCREENSHOT_TEXT),
    }
)  # fmt: skip
_TIME_FIELDS = frozenset({"request_time", "order_time", "redemption_time", "time_window"})
_PERSON_FIELDS = frozenset({"account", "account_email", "nickname", "caller"})
_NEEDS: Mapping[Mess, frozenset[str]] = MappingProxyType(
    {
        **dict.fromkeys(_TIMES, _TIME_FIELDS),
        Mess.ROUNDED_AMOUNT: frozenset({"amount"}),
        Mess.NICKNAME_FOR_EMAIL: _PERSON_FIELDS,
        Mess.MISTYPED_EMAIL: _PERSON_FIELDS,
        Mess.FULL_WIDTH: _TYPED,
    }
)
_PAID_BY = {
    Language.ZH: {"alipay": ("支付宝", "支付宝扫码"), None: ("扫码",)},
    Language.EN: {"alipay": ("Alipay", "alipay app"), None: ("by scanning",)},
}
_ALSO = {
    Language.ZH: ("另外昨天有个视频也失败了", "顺便问一下，之前充值的 50 元什么时候到账", "还有余额好像也比昨天少了"),
    Language.EN: (
        "Also a video failed yesterday", "By the way, when does the 50 I paid last week arrive?",
        "And my balance seems lower than yesterday",
    ),
}  # fmt: skip


@dataclass(slots=True)
class _Writer:
    """One ticket being written."""

    who: Reporter
    what: Happened
    now: int
    rng: random.Random
    messes: set[Mess]
    way: Way
    # Another record of the same account that has nothing to do with it, for those who mention it as well.
    other: UUID | None = None
    values: dict[str, str] = field(default_factory=dict)

    @property
    def zh(self) -> bool:
        return self.who.language is Language.ZH

    def say(self, zh: str, en: str) -> str:
        return zh if self.zh else en

    def chance(self, share: float) -> bool:
        """Whether a field that could be left out is filled in; who leaves fields out leaves most of them out."""
        return self.rng.random() < (share / 3 if Mess.MISSING_FIELDS in self.messes else share)

    def put(self, name: str, value: str | None) -> None:
        if value:
            self.values[name] = full_width(value) if Mess.FULL_WIDTH in self.messes and name in _TYPED else value

    def time(self) -> str:
        return write_time(
            self.what.at, zone=self.who.time_zone, language=self.who.language, messes=self.messes, rng=self.rng,
            now=self.now,
        )  # fmt: skip

    def person(self) -> str:
        """What somebody names themselves by in a line that takes anything."""
        if Mess.NICKNAME_FOR_EMAIL in self.messes:
            return self.who.nickname
        if Mess.MISTYPED_EMAIL in self.messes:
            return mistyped_email(self.who.email, self.rng)
        return self.rng.choice((self.who.email, self.who.email, self.who.account_name, f"#{self.who.user_number}"))

    def key_mask(self) -> str:
        end = self.who.key_mask[-4:]
        return self.rng.choice((self.who.key_mask, f"sk-***{end}", f"...{end}", end))

    def masked_id(self, kind: str) -> str:
        return short_id(PREFIXES[kind], self.what.record_id.hex, self.rng)

    def error(self) -> str:
        """What the caller was shown."""
        shown = show_id("request", self.what.record_id)
        code = self.what.code or "upstream_error"
        text = refusal_message(code=code, reader=Reader(language=self.who.language), request_id=shown)
        if Mess.SCREENSHOT_TEXT in self.messes:
            return as_screenshot(f"Error code: {self.what.status_code} - {text}", self.rng)
        return self.rng.choice((text[: text.rindex("(")].strip(), f"{self.what.status_code} {code}", code))

    def second_problem(self) -> str:
        also = self.rng.choice(_ALSO[self.who.language])
        if self.other is not None and self.rng.random() < 0.4:
            also += self.say("，还有这个也慢：", ", and this one is slow too: ") + show_id("request", self.other)
        return also


def write_ticket(
    problem: str, who: Reporter, what: Happened, *, now: int, rng: random.Random, other: UUID | None = None
) -> Ticket:
    """A ticket about what happened. `problem` is the class it belongs to; what is chosen on the page may be another."""
    way = rng.choices((Way.FORM, Way.TEMPLATE, Way.SIGNED_IN), weights=(60, 20, 20))[0]
    chosen = rng.sample(_MESSES[problem], rng.choice((0, 1, 1, 2)))
    messes = {*chosen, *((rng.choice(_TIMES),) if rng.random() < 0.7 else ())}
    writer = _Writer(who, what, now, rng, messes, way, other)
    _WRITE[problem](writer)
    chosen_problem = _in_another_class(writer, problem) if Mess.WRONG_CLASS in messes else problem
    asked = FIELDS_OF_PROBLEM[chosen_problem]
    # A form asks for its own fields; whatever else somebody knows stands nowhere.
    values = {name: writer.values[name] for name in asked if name in writer.values}
    return Ticket(
        problem=chosen_problem, language=who.language, way=way, values=values,
        messes=frozenset(writer.messes - _not_done(problem, set(writer.values))),
    )  # fmt: skip


def _not_done(problem: str, written: set[str]) -> set[Mess]:
    """What could not be done to a ticket, because it has nothing of the kind."""
    left = {mess for mess, fields in _NEEDS.items() if not written & fields}
    return left | ({Mess.WRONG_ZONE, Mess.ROUNDED_TIME} if problem == FELL else set())


def pasted_text(ticket: Ticket) -> str:
    """A ticket as the template of its class, filled in and sent through a chat."""
    filled = []
    for line in template_text(ticket.problem, ticket.language).splitlines():
        code = _CODES.get(_LABEL_END.split(line, maxsplit=1)[0].strip())
        value = ticket.values.get(code or "")
        filled.append(f"> {line}{value}" if value else line)
    return "\n".join(filled)


# The labels of a template end in a colon, or in a hint.
_LABEL_END = re.compile("[:：(（]")
_CODES = {one.label[language]: one.code for one in entries(Kind.EVIDENCE_FIELD) for language in Language}


# -- each class ------------------------------------------------------------------------------------------------------------


def _refused(w: _Writer) -> None:
    """A call was refused: the id, both ends of it, or the time with something that says whose it was."""
    lead = "masked" if Mess.MASK_FOR_ID in w.messes else w.rng.choice(("id", "id", "key", "person", "error"))
    if lead == "id":
        w.put("request_id", show_id("request", w.what.record_id))
    elif lead == "masked":
        w.put("request_id", w.masked_id("request"))
    if lead != "id" or w.chance(0.7):
        w.put("request_time", w.time())
    if lead == "key" or w.chance(0.4):
        w.put("key_mask", w.key_mask())
    if lead == "person" or w.chance(0.4):
        w.put("account", w.person())
    if lead in ("key", "person") or w.chance(0.7):
        w.put("status_code", w.rng.choice((str(w.what.status_code), f"HTTP {w.what.status_code}")))
    if lead in ("key", "person") or w.chance(0.7):
        w.put("model", w.what.model)
    if w.chance(0.3):
        w.put("group", w.who.group)
    if lead == "error":
        shown = show_id("request", w.what.record_id)
        w.messes.add(Mess.SCREENSHOT_TEXT)
        w.put("error_text", w.error() if w.rng.random() < 0.6 else f"{w.error()[:200]}\n{shown}")
    elif w.chance(0.6) or Mess.SCREENSHOT_TEXT in w.messes:
        w.put("error_text", w.error())
    if Mess.TWO_PROBLEMS in w.messes:
        w.put("error_text", f"{w.values.get('error_text', '')}\n{w.second_problem()}".strip())


def _recharged(w: _Writer) -> None:
    if w.what.kind == "code":
        _code(w)
    else:
        _order(w)
    if Mess.TWO_PROBLEMS in w.messes:
        w.put("message_shown", f"{w.values.get('message_shown', '')}\n{w.second_problem()}".strip())


def _who_paid(w: _Writer) -> None:
    if Mess.NICKNAME_FOR_EMAIL in w.messes:
        w.put("nickname", w.who.nickname)
    elif Mess.MISTYPED_EMAIL in w.messes:
        w.put("account_email", mistyped_email(w.who.email, w.rng))
    else:
        w.put(*w.rng.choice((("account_email", w.who.email), ("user_number", str(w.who.user_number)))))


def _order(w: _Writer) -> None:
    """Who paid how much and when, and the end of a number; hurried people leave out one of these."""
    may_be_left_out = ("mask", "time", "amount") if w.what.is_others else ("person", "mask", "time", "amount")
    left_out = w.rng.choice(may_be_left_out) if Mess.MISSING_FIELDS in w.messes else None
    # Somebody who is not named is found by the number's end alone.
    if left_out == "person":
        w.messes.discard(Mess.MISTYPED_MASK)
    if left_out != "person":
        _who_paid(w)
    if left_out != "time":
        w.put("order_time", w.time())
    if left_out != "amount":
        assert w.what.amount is not None
        assert w.what.currency is not None
        w.put(
            "amount",
            write_amount(w.what.amount, w.what.currency, language=w.who.language, messes=w.messes, rng=w.rng),
        )
    number = w.what.number or ""
    if Mess.WHOLE_NUMBER in w.messes:
        w.put("order_mask", number)
    elif Mess.MISTYPED_MASK in w.messes:
        w.put("order_mask", mask_of(mistyped(number[-4:], w.rng, _HEX), w.rng))
    elif left_out != "mask":
        w.put("order_mask", mask_of(number[-4:], w.rng))
    if w.chance(0.7):
        w.put("payment_method", w.rng.choice(_PAID_BY[w.who.language].get(w.what.payment_kind, ("-",))))


def _code(w: _Writer) -> None:
    assert w.what.last_four is not None
    end = w.what.last_four
    if Mess.MISTYPED_MASK in w.messes:
        end = mistyped(end, w.rng, _SYMBOLS)
        # Then somebody has to say whose it is and when.
        w.messes.discard(Mess.MISSING_FIELDS)
    elif w.rng.random() < 0.3:
        end = end.lower()
    w.put("code_last_four", w.rng.choice((end, f"CF-…{end}", f"****{end}")))
    if Mess.MISSING_FIELDS not in w.messes or w.what.is_others or w.rng.random() < 0.5:
        _who_paid(w)
        w.put("redemption_time", w.time())
    if w.chance(0.5):
        assert w.what.amount is not None
        assert w.what.currency is not None
        w.put(
            "amount",
            write_amount(w.what.amount, w.what.currency, language=w.who.language, messes=w.messes, rng=w.rng),
        )
    if w.chance(0.3):
        w.put("redemption_account", w.who.email)
    if w.chance(0.4):
        w.put(
            "message_shown",
            w.say("兑换失败，提示这个兑换码不能用", "Redeeming failed, it says the code cannot be used"),
        )


def _fell(w: _Writer) -> None:
    """A day, and whose: by a key, or by somebody's name in the line for the caller."""
    assert w.what.window is not None
    start, end = w.what.window
    w.put(
        "time_window",
        write_window(start, end, zone=w.who.time_zone, language=w.who.language, messes=w.messes, rng=w.rng),
    )
    by_name = Mess.NICKNAME_FOR_EMAIL in w.messes or w.rng.random() < 0.4
    if by_name:
        named = w.who.nickname if Mess.NICKNAME_FOR_EMAIL in w.messes else w.who.email
        w.put("caller", w.rng.choice((named, f"{w.who.client} {named}", w.say(f"账号 {named}", f"account {named}"))))
        # A nickname may be that of several people.
        if Mess.NICKNAME_FOR_EMAIL in w.messes and w.way is not Way.SIGNED_IN:
            w.put("key_mask", w.key_mask())
    else:
        w.put("key_mask", w.key_mask())
        if w.chance(0.5):
            w.put("caller", w.who.client)
    if w.chance(0.4):
        w.put("concurrency", w.rng.choice(("1", "5", "10")))
    if w.chance(0.4):
        w.put("retry_policy", w.say("SDK 默认", "the SDK's default"))
    if Mess.TWO_PROBLEMS in w.messes:
        w.put("retry_policy", w.second_problem()[:110])


def _failed(w: _Writer) -> None:
    """An id, or both its ends with the time; who is signed in may leave both out."""
    kind = "task" if w.what.kind == "task" else "request"
    is_without_ids = Mess.MASK_FOR_ID not in w.messes and w.way is Way.SIGNED_IN and w.rng.random() < 0.4
    if Mess.MASK_FOR_ID in w.messes:
        w.put(f"{kind}_id", w.masked_id(kind))
        w.put("request_time", w.time())
    elif is_without_ids:
        w.messes.add(Mess.MISSING_FIELDS)
        w.put("request_time", w.time())
        w.put("model", w.what.model)
        w.put(
            "task_type", entry(Kind.TASK_KIND, w.what.task_kind or "").label[w.who.language] if kind == "task" else None
        )
    else:
        # Both ids are on the same page, and people copy either into either field.
        named = "submission" if w.what.times_sent > 1 and w.rng.random() < 0.5 else w.rng.choice((kind, "request"))
        w.put(f"{w.rng.choice((kind, 'request'))}_id", show_id(named, w.what.record_id))
        if w.chance(0.6):
            w.put("request_time", w.time())
    if w.chance(0.6):
        w.put("model", w.what.model)
    if w.chance(0.5):
        w.put("failure_reason", w.what.failure or w.say("失败了，没有说明原因", "failed without a reason"))
    # Who has no id tells from the statement whether there was a charge.
    if is_without_ids or w.chance(0.5):
        seen = (
            w.say("看到扣费", "a charge was shown") if w.what.is_charged else w.say("没有看到扣费", "no charge shown")
        )
        w.put("charge_shown", seen if is_without_ids or w.rng.random() < 0.6 else w.say("不确定", "not sure"))
    if w.what.times_sent > 1:
        # Who has sent it several times knows that, and asks about all of it.
        w.put("resubmitted", w.say(f"同一个内容发了 {w.what.times_sent} 次", f"yes, sent {w.what.times_sent} times"))
    elif w.chance(0.2):
        w.put("resubmitted", w.say("没有", "no"))
    if Mess.TWO_PROBLEMS in w.messes:
        w.put("failure_reason", f"{w.values.get('failure_reason', '')}\n{w.second_problem()}".strip())


_WRITE: Mapping[str, Callable[[_Writer], None]] = MappingProxyType(
    {BALANCE: _refused, RECHARGE: _recharged, FELL: _fell, FAILED: _failed}
)


# -- the wrong class -------------------------------------------------------------------------------------------------------


def _in_another_class(w: _Writer, problem: str) -> str:
    """The class that was chosen instead; what its form does not ask for is told in the place for words."""
    values = w.values
    if problem == RECHARGE:
        said = [w.say("充值没到账", "I paid and nothing was credited")]
        if w.what.kind == "code":
            said = [w.say("兑换码用不了", "my redemption code does not work")]
        said += [values[name] for name in ("order_time", "redemption_time", "amount") if name in values]
        if "order_mask" in values:
            # A whole number has no place outside of its field.
            said.append(w.say("订单尾号 ", "order ending in ") + w.what.record_id.hex[-4:])
            w.messes -= {Mess.WHOLE_NUMBER, Mess.MISTYPED_MASK}
        if "code_last_four" in values:
            said.append(w.say("兑换码尾号 ", "code ending in ") + (w.what.last_four or ""))
            w.messes.discard(Mess.MISTYPED_MASK)
        w.messes -= {Mess.NICKNAME_FOR_EMAIL, Mess.MISTYPED_EMAIL, Mess.FULL_WIDTH}
        values["error_text"] = w.say("，", ", ").join(said)
        values["account"] = w.who.email
        return BALANCE
    if problem == FELL:
        values["error_text"] = w.say("余额突然少了很多：", "my balance fell a lot: ") + values["time_window"]
        values["account"] = w.who.email
        w.messes.discard(Mess.NICKNAME_FOR_EMAIL)
        return BALANCE
    if problem == FAILED:
        # Who has taken it for a refusal names who they are, as that form asks.
        values["account"] = w.who.email
        if "failure_reason" in values:
            values["error_text"] = values["failure_reason"]
        return BALANCE
    return FAILED if "request_id" in values and w.rng.random() < 0.5 else _elsewhere(w)


def _elsewhere(w: _Writer) -> str:
    # Without a field for who they are, they name it among the words.
    if "request_id" not in w.values and Mess.SCREENSHOT_TEXT not in w.messes:
        w.put("message_shown", w.say(f"账号 {w.who.email}", f"my account is {w.who.email}"))
    return ELSE


def error_elsewhere(text: str, who: Reporter, *, rng: random.Random, now: int) -> Ticket:
    """An error that another service made, sent to us as ours."""
    values = {"error_text": text, "account": who.email}
    if rng.random() < 0.5:
        values["request_time"] = write_time(
            now - 10 * 60 * 10**6, zone=who.time_zone, language=who.language, messes=set(), rng=rng, now=now
        )
    return Ticket(
        problem=BALANCE, language=who.language, way=Way.FORM, values=values, messes=frozenset({Mess.SCREENSHOT_TEXT})
    )
