"""Writing a ticket in a set of wordings that was made without knowing the desk's rules. Pure.

As much is told as in the first set, so that a person could find the record; but half of the writers put it into one breath of
words, and what stands in a field is a phrase rather than a value.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from uuid import UUID

from counterfoil.cli.bench_cases_model import Happened, Mess, Phrases, Reporter, Ticket, Way, Words
from counterfoil.cli.bench_cases_words import full_width, mistyped
from counterfoil.foundation.ids import PREFIXES, show_id
from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM, Kind, entry
from counterfoil.foundation.vocabulary.messages import refusal_message
from counterfoil.foundation.vocabulary.sentences import Reader

BALANCE, RECHARGE, FELL = "balance_not_enough", "recharged_not_credited", "balance_fell"
FAILED, ELSE = "failed_perhaps_charged", "something_else"
# Where a class's form takes words, and how many.
_WORDS_FIELD = {
    BALANCE: "error_text",
    RECHARGE: "message_shown",
    FELL: "retry_policy",
    FAILED: "failure_reason",
    ELSE: "message_shown",
}
_WORDS_MAX = {FELL: 118}
_TEXT_MAX = 590
_OTHER_CLASS = {BALANCE: (FAILED, ELSE), RECHARGE: (BALANCE, ELSE), FELL: (BALANCE, ELSE), FAILED: (BALANCE, ELSE)}
_TIMES = (Mess.WRONG_ZONE, Mess.NO_ZONE, Mess.ROUNDED_TIME, Mess.ROUNDED_TIME, Mess.DATE_ONLY)
_HEX, _SYMBOLS = "0123456789abcdef", "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_ANY = (Mess.TWO_PROBLEMS, Mess.MISSING_FIELDS, Mess.FULL_WIDTH, Mess.WRONG_CLASS, Mess.NICKNAME_FOR_EMAIL)
_MESSES: Mapping[str, tuple[Mess, ...]] = MappingProxyType({
    BALANCE: (*_ANY, Mess.MASK_FOR_ID, Mess.MISTYPED_EMAIL, Mess.SCREENSHOT_TEXT),
    RECHARGE: (*_ANY, Mess.ROUNDED_AMOUNT, Mess.ROUNDED_AMOUNT, Mess.WHOLE_NUMBER, Mess.MISTYPED_MASK, Mess.MISTYPED_EMAIL),
    FELL: _ANY,
    FAILED: (Mess.MASK_FOR_ID, *_ANY[:4]),
})  # fmt: skip
# Which fields a told fact may stand in, the first that a class's form has; beside it what it is among words.
_FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "time": ("request_time", "order_time", "time_window"), "person": ("account", "account_email", "caller"), "key": ("key_mask",),
    "model": ("model",), "status": ("status_code",), "amount": ("amount",), "order_end": ("order_mask",),
    "code_end": ("code_last_four",), "charged": ("charge_shown",), "not_charged": ("charge_shown",), "copies": ("resubmitted",),
})  # fmt: skip


_TYPED = {"request_time", "order_time", "redemption_time", "time_window", "amount", "status_code"}


@dataclass(slots=True)
class _Writer:
    """One ticket being written: facts by their kind, as they are worded; `in_field` names the field of some."""

    words: Words
    who: Reporter
    what: Happened
    now: int
    rng: random.Random
    messes: set[Mess]
    way: Way
    problem: str
    facts: dict[str, str] = field(default_factory=dict)
    in_field: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def pick(self, phrases: Phrases) -> str:
        return self.rng.choice(phrases[self.who.language])

    def mess(self, mess: Mess, **parts: str) -> str:
        return self.pick(self.words.messes[mess]).format(**parts)

    def shape(self, kind: str, value: str, **parts: str) -> str:
        """A value as it is written in its field; in whichever case, with its signs apart or together."""
        return self.pick(self.words.shapes[kind]).format(
            x=value, upper=value.upper(), lower=value.lower(), title=value.title(), spaced=value.replace("-", " "),
            joined=value.replace("-", ""), last=value.rpartition("-")[2], wide=full_width(value),
            swapped=value[:1] + value[2:3] + value[1:2] + value[3:], **parts,
        )  # fmt: skip

    def chance(self, share: float) -> bool:
        """Whether something that could be left out is told."""
        return self.rng.random() < (share / 3 if Mess.MISSING_FIELDS in self.messes else share)

    def tell(self, kind: str, said: str, *, in_field: str | None = None) -> None:
        self.facts[kind] = said
        if in_field is not None:
            self.in_field[kind] = in_field

    def tell_time(self) -> None:
        said = self.words.write_time(
            self.what.at,
            zone=self.who.time_zone,
            language=self.who.language,
            messes=self.messes,
            rng=self.rng,
            now=self.now,
        )
        self.tell("time", said, in_field="redemption_time" if self.what.kind == "code" else None)

    def tell_model(self) -> None:
        if self.what.model is not None:
            self.tell("model", self.shape("model", self.what.model))

    def tell_person(self) -> None:
        """Who writes, by whatever they know themselves by."""
        name, _, domain = self.who.email.partition("@")
        if Mess.NICKNAME_FOR_EMAIL in self.messes:
            self.tell(
                "person", self.mess(Mess.NICKNAME_FOR_EMAIL, x=self.who.nickname), in_field=self._for_names("nickname")
            )
        elif Mess.MISTYPED_EMAIL in self.messes:
            self.tell("person", self.mess(Mess.MISTYPED_EMAIL, n=name, half=name.rpartition("-")[0] or name))
        elif self.rng.random() < 0.3:
            said = self.shape("user_number", str(self.who.user_number))
            self.tell("person", said, in_field=self._for_names("user_number"))
        else:
            self.tell("person", self.shape("email", self.who.email, name=name, domain=domain))

    def _for_names(self, name: str) -> str | None:
        return name if self.problem == RECHARGE else None

    def tell_key(self) -> None:
        self.tell("key", self.shape("key", self.who.key_mask[-4:]))

    def tell_id(self, kind: str) -> None:
        """The id, in either of the fields for one; or both its ends."""
        named = f"{self.rng.choice((kind, 'request'))}_id"
        digits = self.what.record_id.hex
        if Mess.MASK_FOR_ID in self.messes:
            most = self.rng.choice((6, 8, 10))
            least = self.rng.choice((4, 6))
            said = self.mess(
                Mess.MASK_FOR_ID,
                p=PREFIXES[kind],
                a=digits[:most],
                z=digits[-least:],
                half=digits[:16],
                rest=digits[16:],
            )
            self.tell("id", said, in_field=named)
            return
        shown = show_id(kind, self.what.record_id)
        self.tell("id", self.shape("id", shown, **self._id_parts(shown)), in_field=named)

    def _id_parts(self, shown: str) -> dict[str, str]:
        """An id without its prefix, and its two halves, where a line broke."""
        return {"digits": shown.rpartition("_")[2], "begin": shown[:20], "end": shown[20:]}

    def id_beside(self, shown: str) -> str:
        return self.shape("id_beside", shown, **self._id_parts(shown))


def write_worded(
    words: Words,
    problem: str,
    who: Reporter,
    what: Happened,
    *,
    now: int,
    rng: random.Random,
    other: UUID | None = None,
) -> Ticket:
    """A ticket about what happened, in these words. `problem` is the class it belongs to."""
    way = rng.choices((Way.FORM, Way.TEMPLATE, Way.SIGNED_IN), weights=(60, 20, 20))[0]
    messes = {
        *rng.sample(_MESSES[problem], rng.choice((0, 1, 1, 2))),
        *((rng.choice(_TIMES),) if rng.random() < 0.75 else ()),
    }
    w = _Writer(words, who, what, now, rng, messes, way, problem)
    _TELL[problem](w)
    chosen = rng.choice(_OTHER_CLASS[problem]) if Mess.WRONG_CLASS in messes else problem
    values = _filled_in(w, chosen, other)
    return Ticket(
        problem=chosen, language=who.language, way=way, values=values, messes=frozenset(w.messes), wording=words.wording,
        told=frozenset(w.facts),
    )  # fmt: skip


# -- each class ------------------------------------------------------------------------------------------------------------


def _refused(w: _Writer) -> None:
    leads = ("masked",) if Mess.MASK_FOR_ID in w.messes else ("id", "key", "person", "person", "error")
    lead = w.rng.choice(leads)
    if lead in ("id", "masked"):
        w.tell_id("request")
    if lead != "id" or w.chance(0.6):
        w.tell_time()
    if lead == "key" or w.chance(0.3):
        w.tell_key()
    if lead == "person" or w.chance(0.4):
        w.tell_person()
    if lead in ("key", "person") or w.chance(0.5):
        w.tell_model()
        w.tell("status", w.shape("status", str(w.what.status_code)))
    if lead == "error" or Mess.SCREENSHOT_TEXT in w.messes:
        w.messes.add(Mess.SCREENSHOT_TEXT)
        w.said.append(_screenshot(w, with_id=lead == "error"))
    _settle_messes(w)


def _screenshot(w: _Writer, *, with_id: bool) -> str:
    """The error as somebody has typed it off: without its id, or with it broken over two lines."""
    shown = show_id("request", w.what.record_id)
    code = w.what.code or "upstream_error"
    text = refusal_message(code=code, reader=Reader(language=w.who.language), request_id=shown)
    text = text[: text.rindex("(")].strip()
    if with_id:
        text += " " + w.id_beside(shown)
    elif w.rng.random() < 0.5:
        text = text.replace("l", "I").replace("。", "")
    return w.mess(Mess.SCREENSHOT_TEXT, t=text, s=str(w.what.status_code), c=code)


def _recharged(w: _Writer) -> None:
    may_be_left_out = ("end", "time", "amount") if w.what.is_others else ("person", "end", "time", "amount")
    left_out = w.rng.choice(may_be_left_out) if Mess.MISSING_FIELDS in w.messes else None
    is_code = w.what.kind == "code"
    # A code is known by its end alone.
    if left_out == "person" or is_code:
        w.messes.discard(Mess.MISTYPED_MASK)
        left_out = None if left_out == "end" else left_out
    if left_out != "person":
        w.tell_person()
    if left_out != "time":
        w.tell_time()
    if left_out != "amount" and (not is_code or w.chance(0.6)):
        assert w.what.amount is not None
        w.tell("amount", w.words.write_amount(w.what.amount, language=w.who.language, messes=w.messes, rng=w.rng))
    if is_code:
        w.tell("code_end", w.shape("code_end", w.what.last_four or ""))
    elif left_out != "end":
        _order_end(w)
    if w.chance(0.5) and not is_code:
        w.tell("paid_by", w.pick(w.words.paid_by), in_field="payment_method")
    _settle_messes(w)


def _order_end(w: _Writer) -> None:
    number = w.what.number or ""
    end = number[-4:]
    if Mess.WHOLE_NUMBER in w.messes:
        w.tell("order_end", w.mess(Mess.WHOLE_NUMBER, x=number))
    elif Mess.MISTYPED_MASK in w.messes:
        w.tell("order_end", w.mess(Mess.MISTYPED_MASK, x=mistyped(end, w.rng, _HEX)))
    elif w.rng.random() < 0.7:
        w.tell("order_end", w.shape("order_end", end))


def _fell(w: _Writer) -> None:
    assert w.what.window is not None
    w.messes -= {Mess.WRONG_ZONE, Mess.ROUNDED_TIME}
    said = w.words.write_window(
        w.what.window[0], zone=w.who.time_zone, language=w.who.language, messes=w.messes, rng=w.rng, now=w.now
    )
    w.tell("time", said)
    # A nickname may be that of several people.
    if Mess.NICKNAME_FOR_EMAIL in w.messes or w.rng.random() < 0.5:
        w.tell_person()
    if "person" not in w.facts or (Mess.NICKNAME_FOR_EMAIL in w.messes and w.way is not Way.SIGNED_IN):
        w.tell_key()
    _settle_messes(w)


def _failed(w: _Writer) -> None:
    kind = "task" if w.what.kind == "task" else "request"
    is_without_ids = Mess.MASK_FOR_ID not in w.messes and w.way is Way.SIGNED_IN and w.rng.random() < 0.5
    if not is_without_ids:
        w.tell_id(kind)
    if is_without_ids or Mess.MASK_FOR_ID in w.messes or w.chance(0.5):
        w.tell_time()
    if is_without_ids or w.chance(0.5):
        w.tell_model()
    if is_without_ids and kind == "task":
        w.tell("task", _task_name(w), in_field="task_type")
    if is_without_ids or w.chance(0.4):
        seen = "charged" if w.what.is_charged else "not_charged"
        w.tell(seen, w.pick(w.words.fragments[seen]))
    if w.what.times_sent > 1:
        w.tell("copies", w.pick(w.words.fragments["copies"]).format(n=w.what.times_sent))
    if w.what.failure and w.chance(0.4):
        about_failure = w.words.fragments.get("failure")
        w.said.append(w.what.failure if about_failure is None else w.pick(about_failure).format(x=w.what.failure))
    _settle_messes(w)


def _task_name(w: _Writer) -> str:
    kind = w.what.task_kind or ""
    called = w.words.task_names.get(kind)
    return w.pick(called) if called is not None else entry(Kind.TASK_KIND, kind).label[w.who.language]


_TELL: Mapping[str, Callable[[_Writer], None]] = MappingProxyType(
    {BALANCE: _refused, RECHARGE: _recharged, FELL: _fell, FAILED: _failed}
)


def _settle_messes(w: _Writer) -> None:
    """Forget the messes that had nothing to be done to."""
    if "time" not in w.facts:
        w.messes -= set(_TIMES)
    if "person" not in w.facts:
        w.messes -= {Mess.NICKNAME_FOR_EMAIL, Mess.MISTYPED_EMAIL}
    if Mess.NICKNAME_FOR_EMAIL in w.messes:
        w.messes.discard(Mess.MISTYPED_EMAIL)
    if "amount" not in w.facts or (w.what.amount or 0) < 10**9:
        w.messes.discard(Mess.ROUNDED_AMOUNT)
    if "order_end" not in w.facts:
        w.messes -= {Mess.WHOLE_NUMBER, Mess.MISTYPED_MASK}
    if Mess.WHOLE_NUMBER in w.messes:
        w.messes -= {Mess.MISTYPED_MASK, Mess.WRONG_CLASS}


# -- putting it into a form ------------------------------------------------------------------------------------------------


def _filled_in(w: _Writer, chosen: str, other: UUID | None) -> dict[str, str]:
    """The facts in the fields of the chosen form or among words, where it has no such field or its writer is of many words."""
    asked = FIELDS_OF_PROBLEM[chosen]
    is_chatty = chosen != FELL and w.rng.random() < 0.5
    values: dict[str, str] = {}
    told: list[str] = []
    for kind, said in w.facts.items():
        name = _field_of(w, kind, asked)
        if (
            name is None
            or name in values
            or (is_chatty and kind in w.words.fragments and w.rng.random() < 0.6 and kind != "order_end")
        ):
            told.append(w.pick(w.words.fragments[kind]).format(x=said) if _takes(w, kind) else said)
        elif Mess.FULL_WIDTH in w.messes and kind in ("time", "amount", "status"):
            values[name] = w.mess(Mess.FULL_WIDTH, x=full_width(said))
        else:
            values[name] = said
    if not values.keys() & _TYPED:
        w.messes.discard(Mess.FULL_WIDTH)
    _put_words(w, chosen, values, told, other)
    if Mess.MISSING_FIELDS in w.messes:
        _leave_out_loud(w, asked, values)
    return {name: values[name] for name in asked if values.get(name)}


def _takes(w: _Writer, kind: str) -> bool:
    return kind in w.words.fragments and kind not in ("charged", "not_charged", "copies")


def _field_of(w: _Writer, kind: str, asked: tuple[str, ...]) -> str | None:
    names = (w.in_field[kind],) if kind in w.in_field else _FIELDS.get(kind, ())
    if kind == "id":
        names = (*names, "request_id", "task_id")
    if kind == "time" and w.what.kind == "code":
        names = ("redemption_time", "request_time")
    wrong = w.words.astray.get(kind, ())
    if wrong and w.rng.random() < w.words.astray_share:
        names = (*w.rng.sample(wrong, len(wrong)), *names)
    return next((name for name in names if name in asked), None)


def _put_words(w: _Writer, chosen: str, values: dict[str, str], told: list[str], other: UUID | None) -> None:
    """What is said in words: how it begins, the facts without a field, and what else is on somebody's mind."""
    must = [*w.said, *told]
    opens = bool(told) or Mess.WRONG_CLASS in w.messes or w.rng.random() < 0.6
    opener = [w.pick(w.words.openers[w.problem]).format(model=w.what.model or "")] if opens else []
    wrong = [w.mess(Mess.WRONG_CLASS)] if Mess.WRONG_CLASS in w.messes and chosen == ELSE else []
    also: list[str] = []
    if Mess.TWO_PROBLEMS in w.messes:
        named = f" {show_id('request', other)}" if other is not None and w.rng.random() < 0.3 else ""
        also = [w.mess(Mess.TWO_PROBLEMS) + named]
    joint = w.pick(w.words.joints)
    pieces = [*wrong, *opener, *must, *also]
    if w.words.jumbled_share and w.rng.random() < w.words.jumbled_share:
        w.rng.shuffle(pieces)
    text = joint.join(pieces)
    if text:
        # Whatever has strayed into the field for words stays there.
        text = joint.join(filter(None, (values.get(_WORDS_FIELD[chosen]), text)))
        values[_WORDS_FIELD[chosen]] = text[: _WORDS_MAX.get(chosen, _TEXT_MAX)]


def _leave_out_loud(w: _Writer, asked: tuple[str, ...], values: dict[str, str]) -> None:
    """Something is written where nothing is known."""
    empty = [name for name in asked if name not in values and name not in ("account_email", "request_id", "task_id")]
    for name in w.rng.sample(empty, min(2, len(empty))):
        values[name] = w.mess(Mess.MISSING_FIELDS)
