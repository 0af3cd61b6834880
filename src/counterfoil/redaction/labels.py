"""What the words in front of it say it is, in sentences: `my password is …`, `订单号 …`, `兑换码：…`.

Programs name their fields (`fields.py`); people and error texts say what they mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from counterfoil.foundation.ids import PREFIXES
from counterfoil.redaction.edges import continues_word
from counterfoil.redaction.fields import is_placeholder
from counterfoil.redaction.masks import (
    CARD_CHECK,
    PASSWORD,
    PAYMENT_LINK,
    SECRET,
    is_masked_at,
    last_four,
    mask_digits,
    mask_length,
)
from counterfoil.redaction.model import Finding, SecretKind
from counterfoil.redaction.normalise import View

# Between the words and what they name: `号码`, a closing quote, `是` or a colon, an opening quote, a line's end.
JOINT = re.compile(
    r"\.?(?:[ \t_-]{0,2}(?:号码|号|编号|码|number|no\.?|id|code|#)(?![a-z]))?(?:\\{0,7}[\"'])?"
    r"(?:[ ](?:i|we|you|to|for|of)(?:[ ][a-z]{1,12}){1,2}(?=[ ]is))?[ \t]{0,3}"
    r"(?P<link>(?:是|为|is(?=[ \t:=])|was(?=[ \t:=]))(?:[ \t]{0,2}[:=])?|[:=#]|->)?"
    r"[ \t]{0,3}(?:\r?\n[ ]{0,4}|\\n)?(?:\\{0,7}[\"'`*“「【(<《]){0,2}"
)
# Keys that open nothing.
_OF_OTHER_KEYS = ("idempotency-", "idempotency ", "cache-", "cache ", "primary ", "public ", "sort ", "partition ")
_OF_PAYMENTS = ("付款", "支付", "收款", "payment ", "pay ", "checkout ")
_OF_BANKS = ("银行", "支行", "开户", "收款", "对公", "bank")
# Behind a label in a sentence: nothing but spaces before it that a sentence may begin with.
_MY = ("my ", "the ", "this ", "negative ", "system ", "image ", "video ", "user ")

PASSWORD_VALUE = re.compile(r"[!#-&*+./0-9:;=?@A-Z^_a-z~-]{4,256}+")
ONE_TIME_VALUE = re.compile(r"[0-9]{4,8}+(?![0-9A-Za-z-])(?!\.[0-9])")
KEY_VALUE = re.compile(r"[0-9A-Za-z][0-9A-Za-z_+/=.-]{15,2048}+(?![@:])")
DIGITS_VALUE = re.compile(r"[0-9](?:[ -]?[0-9]){5,25}+(?![0-9A-Za-z_])(?!\.[0-9])")
PASSPORT_VALUE = re.compile(r"(?:[A-Za-z]{1,2}[0-9]{7,8}|[A-Za-z][A-Za-z0-9][0-9]{7}|[0-9]{9})(?![0-9A-Za-z])")
ID_VALUE = re.compile(
    r"(?:[0-9]{17}[0-9Xx]|[0-9]{15}|[A-Za-z]{1,2}[0-9]{6}\(?[0-9Aa]\)?|[A-Za-z][0-9]{8}|[0-9]{3}-[0-9]{2}-[0-9]{4})"
    r"(?![0-9A-Za-z])"
)
PHONE_VALUE = re.compile(r"[(+]{0,2}[0-9](?:[ ().-]{0,2}[0-9]){6,14}+(?![0-9A-Za-z_])(?!\.[0-9])")
ORDER_VALUE = re.compile(r"(?:[0-9](?:[ -]?[0-9]){11,31}+|[0-9A-Za-z]{15,40}+)(?![0-9A-Za-z_-])")
CODE_VALUE = re.compile(
    r"(?:[0-9A-Za-z]{4,6}(?:-[0-9A-Za-z]{4,6}){2,5}+|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
    r"|[0-9A-Za-z]{12,40}+)(?![0-9A-Za-z_-])"
)
PROMPT_VALUE = re.compile(r"[^\r\n\"\\]{8,8000}+")
WORDS_VALUE = re.compile(r"[a-z]{3,8}(?:[ ,]{1,2}[a-z]{3,8}){10,23}+")
CHECK_VALUE = re.compile(r"[0-9]{3,4}(?![0-9A-Za-z])(?!\.[0-9])")
ADDRESS_VALUE = re.compile(r"[A-Za-z]{2,12}://[!#$%&()*+,./0-9:;=?@A-Z\[\]_a-z~-]{4,2048}+")
DIGIT = re.compile(r"[0-9]")
ALNUM = re.compile(r"[0-9A-Za-z]{10,256}+")
UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
# An id of ours or of an upstream's, which may be asked for.
PUBLIC_ID = re.compile(
    r"(?:" + "|".join([*PREFIXES.values(), "chatcmpl", "gen", "resp", "run", "call", "file"]) + r")[_-]"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Value:
    """Something behind a label. `link` is the colon or the `is` between them; `before` goes before, in small letters."""

    label: str
    text: str
    link: str
    before: str

    @property
    def is_linked(self) -> bool:
        return self.link != ""

    @property
    def is_named(self) -> bool:
        """Whether it is a colon or an equals sign that joins them."""
        return self.link[-1:] in (":", "=")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Label:
    kind: SecretKind
    words: tuple[str, ...]
    value: re.Pattern[str]
    mask: Callable[[str], str]
    accepts: Callable[[_Value], bool]
    # Whether its value has one, and soon.
    has_digit: bool = True


def _digits_of(text: str) -> str:
    return "".join(sign for sign in text if sign.isdigit())


def _has_both(text: str) -> bool:
    return any(map(str.isdigit, text)) and any(map(str.isalpha, text))


def _is_password(value: _Value) -> bool:
    if is_placeholder(value.text) or "://" in value.text or PUBLIC_ID.match(value.text):
        return False
    if value.label in ("pass", "pw") and not value.is_linked:
        return False
    is_chinese = not value.label.isascii()
    if value.text.isdigit():
        return value.is_linked and len(value.text) >= 6
    return _has_both(value.text) and (value.is_linked or is_chinese)


def _is_key(value: _Value) -> bool:
    longest = max((len(run) for run in ALNUM.findall(value.text)), default=0)
    is_public = PUBLIC_ID.match(value.text) or is_placeholder(value.text)
    # A UUID is a key where it is called one in full, and else the name of something.
    is_name = value.before.endswith(_OF_OTHER_KEYS) or (UUID.fullmatch(value.text) and value.label in ("key", "token"))
    return value.is_linked and _has_both(value.text) and longest > 0 and not is_public and not is_name


def _is_bank(value: _Value) -> bool:
    count = len(_digits_of(value.text))
    if value.label in ("routing", "sort code"):
        return count in (6, 8, 9)
    if value.label in ("账号", "账户"):
        # In a sentence about a bank; an account here has a number too.
        return count >= 9 and any(word in value.before for word in _OF_BANKS)
    return 8 <= count <= 24


def _is_order(value: _Value) -> bool:
    digits = len(_digits_of(value.text))
    return digits >= 12 or (digits >= 2 and _has_both(value.text))


def _is_code(value: _Value) -> bool:
    return any(map(str.isdigit, value.text)) and not PUBLIC_ID.match(value.text)


def _is_prompt(value: _Value) -> bool:
    if not value.is_named or is_masked_at(value.text.lstrip(), 0):
        return False
    before = value.before.rstrip(" \t\"'`*(【「“")
    return not value.label.isascii() or not _is_word_sign(before[-1:]) or value.before.endswith(_MY)


def _is_payment_link(value: _Value) -> bool:
    return value.label not in ("链接", "link") or value.before.endswith(_OF_PAYMENTS)


def _is_word_sign(sign: str) -> bool:
    return sign.isascii() and sign.isalnum()


def _always(_: _Value) -> bool:
    return True


def _linked_or_long(value: _Value) -> bool:
    return value.is_linked or len(_digits_of(value.text)) >= 6 or not value.label.isascii()


def _named(name: str) -> Callable[[str], str]:
    return lambda text: mask_digits(name, "".join(sign for sign in text if sign.isascii() and sign.isalnum()))


def _code_mask(text: str) -> str:
    shown = last_four(text.replace("-", ""))
    return f"[code …{shown}]" if shown else "[code]"


def _fixed(mask: str) -> Callable[[str], str]:
    return lambda _: mask


_PASSWORD_MASK = _fixed(PASSWORD)
_LABELS = (
    _Label(
        kind=SecretKind.PASSWORD, value=PASSWORD_VALUE, mask=_PASSWORD_MASK, accepts=_is_password,
        words=("密码", "口令", "password", "passwort", "passcode", "passwd", "pwd", "pass", "pw"),
    ),
    _Label(
        kind=SecretKind.PASSWORD, value=ONE_TIME_VALUE, mask=_PASSWORD_MASK, accepts=_linked_or_long,
        words=("验证码", "动态码", "校验码", "verification code", "one-time code", "sms code", "2fa code", "mfa code", "otp"),
    ),
    _Label(
        kind=SecretKind.API_KEY, value=KEY_VALUE, mask=_fixed(SECRET), accepts=_is_key,
        words=("密钥", "令牌", "凭证", "api key", "apikey", "app secret", "token", "key"),
    ),
    _Label(
        kind=SecretKind.BANK, value=DIGITS_VALUE, mask=_named("bank"), accepts=_is_bank,
        words=(
            "银行卡", "卡号", "账号", "账户",
            "bank account", "bank card", "account number", "account no", "routing", "sort code",
        ),
    ),
    _Label(
        kind=SecretKind.ID, value=ID_VALUE, mask=_named("id"), accepts=_always,
        words=("身份证", "通行证", "驾驶证", "ssn", "social security", "hkid", "identity card", "id card"),
    ),
    _Label(kind=SecretKind.ID, value=PASSPORT_VALUE, mask=_named("id"), accepts=_always, words=("护照", "passport")),
    _Label(
        kind=SecretKind.PHONE, value=PHONE_VALUE, mask=_named("phone"), accepts=_always,
        words=("手机", "电话", "微信", "phone", "mobile", "whatsapp", "tel"),
    ),
    _Label(
        kind=SecretKind.ORDER_NUMBER, value=ORDER_VALUE, mask=_named("order"), accepts=_is_order,
        words=(
            "订单", "单号", "交易", "流水",
            "order", "transaction", "trade_no", "trade no", "payment",
        ),
    ),
    _Label(
        kind=SecretKind.REDEMPTION_CODE, value=CODE_VALUE, mask=_code_mask, accepts=_is_code,
        words=(
            "兑换码", "卡密", "激活码", "充值码", "礼品码", "礼品卡", "redemption", "redeem",
            "gift card", "gift code", "voucher", "activation code", "coupon",
        ),
    ),
    _Label(
        kind=SecretKind.REQUEST_BODY, value=PROMPT_VALUE, mask=lambda text: mask_length("content", len(text)),
        accepts=_is_prompt, words=("提示词", "prompt"), has_digit=False,
    ),
    _Label(
        kind=SecretKind.OTHER, value=WORDS_VALUE, mask=_fixed(SECRET), accepts=_always,
        words=("助记词", "seed phrase", "recovery phrase", "mnemonic"), has_digit=False,
    ),
    _Label(
        kind=SecretKind.CARD, value=CHECK_VALUE, mask=_fixed(CARD_CHECK), accepts=_always,
        words=("安全码", "cvv2", "cvv", "cvc"),
    ),
    _Label(
        kind=SecretKind.PAYMENT_LINK, value=ADDRESS_VALUE, mask=_fixed(PAYMENT_LINK), accepts=_is_payment_link,
        words=("链接", "收款码", "付款码", "link"), has_digit=False,
    ),
)  # fmt: skip
# What is in every label. Most log strings have none of these.
TRIGGERS = (
    "pass", "pw", "code", "otp", "key", "token", "secret", "account", "card", "rout", "ssn", "security", "hkid", "phone",
    "mobile", "whatsapp", "tel", "order", "transaction", "trade", "pay", "rede", "voucher", "coupon", "prompt", "phrase",
    "mnemonic", "cv", "link", "码", "口令", "密钥", "令牌", "凭证", "卡", "账", "证", "护照", "手机", "电话", "微信", "单", "交易", "流水",
    "提示词", "助记词", "链接",
)  # fmt: skip
# Every value has a digit, or a colon in front of it, or is a phrase.
SAYS = re.compile(r"[0-9:=]|[a-z ]{40}")
_LABEL_OF = {word: label for label in _LABELS for word in label.words}
_ASCII_WORDS = tuple(word for word in _LABEL_OF if word.isascii())
# By the trigger that is in each: the words, and where in them it is.
_WORDS_WITH: dict[bytes, list[tuple[str, bytes, int]]] = {}
for _word in _ASCII_WORDS:
    _part = next(trigger for trigger in TRIGGERS if trigger in _word)
    _WORDS_WITH.setdefault(_part.encode(), []).append((_word, _word.encode(), _word.index(_part)))
# Longest first. With each those that it begins with: `password` and `pass`.
WORDS = re.compile("|".join(sorted(_LABEL_OF, key=len, reverse=True)))
CHINESE_WORDS = re.compile("|".join(sorted(set(_LABEL_OF) - set(_ASCII_WORDS), key=len, reverse=True)))
_BEGINNING_WITH = {longest: [word for word in _LABEL_OF if longest.startswith(word)] for longest in _LABEL_OF}
_SHORT = 2048
_BEFORE = 48
_DIGIT_WITHIN = 128
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
_TRAILING = ".:;?"


def find_labelled(view: View) -> Iterator[Finding]:
    text, lowered = view.text, view.lowered
    read: dict[str, int] = {}
    for start, word in _words(lowered):
        end = start + len(word)
        label = _LABEL_OF[word]
        # What is no secret is not read again: `key=key=…` would take forever.
        if start < read.get(word, 0) or (label.has_digit and DIGIT.search(lowered, end, end + _DIGIT_WITHIN) is None):
            continue
        # `tokens` and `monkey` are words of their own.
        if word.isascii() and (lowered[end : end + 1] in _LETTERS or continues_word(lowered, start)):
            continue
        joint = JOINT.match(lowered, end)
        # A name in Latin letters and its value never touch.
        if joint is None or (joint.end() == end and word.isascii()) or is_masked_at(text, joint.end()):
            continue
        match = label.value.match(text, joint.end())
        if match is not None:
            read[word] = match.end()
            before = lowered[max(0, start - _BEFORE) : start].rpartition("\n")[2]
            found = _judge(label, match, _Value(label=word, text=match[0], link=joint["link"] or "", before=before))
            if found is not None:
                yield found


def _words(lowered: str) -> Iterator[tuple[int, str]]:
    """Every word of a label, and where."""
    if len(lowered) <= _SHORT:
        yield from _words_by(WORDS, lowered)
        return
    # In a long text, one after another is quicker than all at once, but for words whose signs are rare; and a part that
    # several words share is looked for once. Bytes are a quarter of what a text with a single emoji takes.
    plain = lowered.encode("ascii", "replace")
    for part, words in _WORDS_WITH.items():
        place = plain.find(part)
        while place >= 0:
            for word, sought, offset in words:
                if plain.startswith(sought, place - offset) and place >= offset:
                    yield place - offset, word
            place = plain.find(part, place + len(part))
    if not lowered.isascii():
        yield from _words_by(CHINESE_WORDS, lowered)


def _words_by(pattern: re.Pattern[str], lowered: str) -> Iterator[tuple[int, str]]:
    match = pattern.search(lowered)
    while match is not None:
        for word in _BEGINNING_WITH[match[0]]:
            yield match.start(), word
        match = pattern.search(lowered, match.start() + 1)


def _judge(label: _Label, match: re.Match[str], value: _Value) -> Finding | None:
    text = value.text.rstrip(" \t" if label.kind is SecretKind.REQUEST_BODY else _TRAILING)
    if not text or not label.accepts(replace(value, text=text)):
        return None
    return Finding(kind=label.kind, start=match.start(), end=match.start() + len(text), mask=label.mask(text))
