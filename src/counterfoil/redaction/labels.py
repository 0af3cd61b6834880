"""What the words in front of it say it is, in sentences: `my password is …`, `订单号 …`, `兑换码：…`.

Programs name their fields (`fields.py`); people and error texts say what they mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from counterfoil.foundation.ids import PREFIXES
from counterfoil.redaction.edges import continues_word
from counterfoil.redaction.fields import PLACEHOLDER
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
    r"\.?(?:[ \t_-]{0,2}(?:号码|号|编号|码|number|no\.?|id|code|#)(?![a-z]))?(?:\\{0,7}[\"'])?[ \t]{0,3}"
    r"(?P<link>[:=#]|->|是|为|is[ \t]|was[ \t])?[ \t]{0,3}(?:\r?\n[ ]{0,4}|\\n)?(?:\\{0,7}[\"'`*“「【(<《]){0,2}"
)
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
CODE_VALUE = re.compile(r"(?:[0-9A-Za-z]{4,6}(?:-[0-9A-Za-z]{4,6}){2,5}+|[0-9A-Za-z]{12,40}+)(?![0-9A-Za-z_-])")
PROMPT_VALUE = re.compile(r"[^\r\n\"\\]{8,8000}+")
WORDS_VALUE = re.compile(r"[a-z]{3,8}(?:[ ,]{1,2}[a-z]{3,8}){10,23}+")
CHECK_VALUE = re.compile(r"[0-9]{3,4}(?![0-9A-Za-z])(?!\.[0-9])")
ADDRESS_VALUE = re.compile(r"[A-Za-z]{2,12}://[!#$%&()*+,./0-9:;=?@A-Z\[\]_a-z~-]{4,2048}+")
ALNUM = re.compile(r"[0-9A-Za-z]{10,256}+")
# An id of ours or of an upstream's, which may be asked for.
PUBLIC_ID = re.compile(
    r"(?:" + "|".join([*PREFIXES.values(), "chatcmpl", "gen", "resp", "run", "call", "file"]) + r")[_-]"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Value:
    """Something behind a label: the words, whether a colon or an `is` joins them, and what it is."""

    label: str
    text: str
    is_linked: bool
    # Whether it is a colon or an equals sign that does.
    is_named: bool
    # What stands before the label, in small letters.
    before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Label:
    kind: SecretKind
    words: tuple[str, ...]
    value: re.Pattern[str]
    mask: Callable[[str], str]
    accepts: Callable[[_Value], bool]


def _digits_of(text: str) -> str:
    return "".join(sign for sign in text if sign.isdigit())


def _has_both(text: str) -> bool:
    return any(map(str.isdigit, text)) and any(map(str.isalpha, text))


def _is_password(value: _Value) -> bool:
    if PLACEHOLDER.fullmatch(value.text) or "://" in value.text or PUBLIC_ID.match(value.text):
        return False
    if value.label == "pass" and not value.is_linked:
        return False
    is_chinese = not value.label.isascii()
    if value.text.isdigit():
        return value.is_linked and len(value.text) >= 6
    return _has_both(value.text) and (value.is_linked or is_chinese)


def _is_key(value: _Value) -> bool:
    longest = max((len(run) for run in ALNUM.findall(value.text)), default=0)
    is_public = PUBLIC_ID.match(value.text) or PLACEHOLDER.fullmatch(value.text)
    return value.is_linked and _has_both(value.text) and longest > 0 and not is_public


def _is_bank(value: _Value) -> bool:
    count = len(_digits_of(value.text))
    if value.label in ("routing", "sort code"):
        return count in (6, 8, 9)
    if value.label in ("账号", "账户"):
        # In a sentence about a bank; an account here has a number too.
        return count >= 9 and any(word in value.before for word in ("银行", "支行", "开户", "bank"))
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
    return not value.label.isascii() or before == "" or not before[-1].isalnum() or value.before.endswith(_MY)


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
        words=("密码", "口令", "password", "passcode", "passwd", "pwd", "pass"),
    ),
    _Label(
        kind=SecretKind.PASSWORD, value=ONE_TIME_VALUE, mask=_PASSWORD_MASK, accepts=_linked_or_long,
        words=("验证码", "动态码", "校验码", "verification code", "one-time code", "one time code", "sms code", "otp"),
    ),
    _Label(
        kind=SecretKind.API_KEY, value=KEY_VALUE, mask=_fixed(SECRET), accepts=_is_key,
        words=("密钥", "令牌", "凭证", "api key", "apikey", "app secret", "token", "key"),
    ),
    _Label(
        kind=SecretKind.BANK, value=DIGITS_VALUE, mask=_named("bank"), accepts=_is_bank,
        words=(
            "银行账号", "银行账户", "银行卡", "卡号", "收款账号", "收款账户", "对公账户", "对公账号", "账号", "账户",
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
            "订单", "商户单", "商户订单", "交易单", "交易", "流水", "支付单", "微信单", "支付宝单", "单号",
            "order", "transaction", "trade_no", "trade no", "payment",
        ),
    ),
    _Label(
        kind=SecretKind.REDEMPTION_CODE, value=CODE_VALUE, mask=_code_mask, accepts=_is_code,
        words=(
            "兑换码", "卡密", "激活码", "充值码", "礼品码", "礼品卡", "redemption", "redeem", "redemption_code",
            "gift card", "gift code", "voucher", "activation code", "coupon",
        ),
    ),
    _Label(
        kind=SecretKind.REQUEST_BODY, value=PROMPT_VALUE, mask=lambda text: mask_length("content", len(text)),
        accepts=_is_prompt, words=("提示词", "prompt"),
    ),
    _Label(
        kind=SecretKind.OTHER, value=WORDS_VALUE, mask=_fixed(SECRET), accepts=_always,
        words=("助记词", "seed phrase", "recovery phrase", "mnemonic"),
    ),
    _Label(
        kind=SecretKind.CARD, value=CHECK_VALUE, mask=_fixed(CARD_CHECK), accepts=_always,
        words=("安全码", "cvv2", "cvv", "cvc"),
    ),
    _Label(
        kind=SecretKind.PAYMENT_LINK, value=ADDRESS_VALUE, mask=_fixed(PAYMENT_LINK), accepts=_always,
        words=("付款链接", "支付链接", "收款链接", "收款码", "付款码", "payment link", "pay link", "checkout link"),
    ),
)  # fmt: skip
# What is in every label. Most log strings have none of these.
TRIGGERS = (
    "pass", "pwd", "code", "otp", "key", "token", "secret", "account", "card", "rout", "ssn", "security", "hkid", "phone",
    "mobile", "whatsapp", "tel", "order", "transaction", "trade", "pay", "rede", "voucher", "coupon", "prompt", "phrase",
    "mnemonic", "cv", "link", "码", "口令", "密钥", "令牌", "凭证", "卡", "账", "证", "护照", "手机", "电话", "微信", "单", "交易", "流水",
    "提示词", "助记词", "链接",
)  # fmt: skip
# Every value has a digit, or a colon in front of it, or is a phrase.
SAYS = re.compile(r"[0-9:=]|[a-z ]{40}")
_BEFORE = 48
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
_TRAILING = ".:;?"


def find_labelled(view: View) -> Iterator[Finding]:
    for label in _LABELS:
        for word in label.words:
            position = 0
            while (start := view.lowered.find(word, position)) >= 0:
                position = start + len(word)
                # `tokens` and `monkey` are words of their own.
                if word.isascii() and (
                    view.lowered[position : position + 1] in _LETTERS or continues_word(view.lowered, start)
                ):
                    continue
                match = _value_behind(view, label, word, position)
                if match is None:
                    continue
                # What is no secret is not read again: `key=key=…` would take forever.
                position = max(position, match.end())
                found = _judge(view, label, word, start, match)
                if found is not None:
                    yield found


def _value_behind(view: View, label: _Label, word: str, end: int) -> re.Match[str] | None:
    joint = JOINT.match(view.lowered, end)
    if joint is None or (joint.end() == end and word.isascii()) or is_masked_at(view.text, joint.end()):
        return None
    return label.value.match(view.text, joint.end())


def _judge(view: View, label: _Label, word: str, start: int, match: re.Match[str]) -> Finding | None:
    joint = JOINT.match(view.lowered, start + len(word))
    link = None if joint is None else joint["link"]
    text = match[0].rstrip(_TRAILING) if label.kind is not SecretKind.REQUEST_BODY else match[0].rstrip()
    before = view.lowered[max(0, start - _BEFORE) : start].rpartition("\n")[2]
    value = _Value(label=word, text=text, is_linked=link is not None, is_named=link in (":", "="), before=before)
    if not text or not label.accepts(value):
        return None
    return Finding(kind=label.kind, start=match.start(), end=match.start() + len(text), mask=label.mask(text))
