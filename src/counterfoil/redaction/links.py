"""Addresses that are secrets by themselves: whoever has one can pay, be paid, sign in or post."""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterfoil.redaction.edges import continues_word
from counterfoil.redaction.masks import PAYMENT_LINK, SECRET
from counterfoil.redaction.model import Finding, SecretKind
from counterfoil.redaction.normalise import View

# What follows `://`, up to the first sign that no address has.
REST = re.compile(r"[!#$%&()*+,./0-9:;=?@A-Z\[\]_a-z~-]{1,2048}+")
# What ends a sentence or a bracket around an address, and is none of it.
_TRAILING = ".,:;!?)]*&"
HOST = re.compile(r"[^/?#]*+")
_SCHEME_SIGNS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789+.-")
_LONGEST_SCHEME = 14

_PAYMENT_SCHEMES = frozenset({"weixin", "wxp", "alipay", "alipays", "alipayqr", "upwallet", "uppay", "bitcoin"})
# Hosts that serve nothing but payments, and paths of others that do.
_PAYMENT_HOSTS = frozenset({
    "qr.alipay.com", "ur.alipay.com", "openapi.alipay.com", "mclient.alipay.com", "cashier.alipay.com",
    "excashier.alipay.com", "wx.tenpay.com", "payapp.weixin.qq.com", "qr.95516.com", "checkout.stripe.com",
    "buy.stripe.com", "pay.stripe.com", "invoice.stripe.com", "paypal.me", "www.paypal.me", "api.xunhupay.com",
})  # fmt: skip
_PAYMENT_PATHS = (
    ("paypal.com", ("/checkoutnow", "/paypalme", "/invoice/", "/cgi-bin/webscr", "/ncp/", "/pay/", "/pay?")),
    ("weixin.qq.com", ("/cgi-bin/mmpayweb-bin/",)),
)
# In any address: the cashier of an epay site, an order to be paid, or a page behind `pay.`.
ANY_PAYMENT = re.compile(r"[/?&](?:out_trade_no|prepay_id|trade_no)=[0-9a-z]|/(?:submit|mapi|cashier)\.php\?")
PAY_PAGE = re.compile(r"/(?:cashier|qrcode|checkout|jump|pay)(?:/[a-z]{1,12})?/[0-9a-z_-]{10}")
_HOOKS = (
    ("open.feishu.cn", "/open-apis/bot/"), ("open.larksuite.com", "/open-apis/bot/"),
    ("discord.com", "/api/webhooks/"), ("discordapp.com", "/api/webhooks/"), ("hooks.slack.com", "/services/"),
    ("qyapi.weixin.qq.com", "/cgi-bin/webhook/send?key="), ("oapi.dingtalk.com", "/robot/send?access_token="),
)  # fmt: skip
# A secret of one payment, with which Stripe's own form is filled in.
CLIENT_SECRET = re.compile(r"_secret_[0-9A-Za-z]{10,80}+")
CLIENT_ID = re.compile(r"(?:pi|seti|cs|src)_[0-9A-Za-z_]{6,80}\Z")
_LONGEST_CLIENT_ID = 96
# Something of each of them. Log lines are short and full of addresses, of which none is one of these.
HINT = re.compile(
    "pay|weixin|wxp|95516|stripe|trade_no|cashier|checkout|submit|mapi|otpauth|bot/|hooks|bitcoin|_secret_"
)
_SHORT = 2048


def find_links(view: View) -> Iterator[Finding]:
    text, lowered = view.text, view.lowered
    if len(text) <= _SHORT and HINT.search(lowered) is None:
        return
    position = 0
    while (position := lowered.find("://", position)) >= 0:
        start = _start_of_scheme(lowered, position)
        position += 3
        rest = REST.match(text, position) if start < position - 3 else None
        if rest is None:
            continue
        end = position + len(rest[0].rstrip(_TRAILING))
        kind = judge(lowered[start : position - 3], lowered[position:end])
        if kind is not None:
            mask = PAYMENT_LINK if kind is SecretKind.PAYMENT_LINK else SECRET
            yield Finding(kind=kind, start=start, end=end, mask=mask)
        position = rest.end()
    yield from _find_client_secrets(view)


def judge(scheme: str, rest: str) -> SecretKind | None:
    """What an address of that scheme (both in small letters) lets its reader do, if it is a secret at all."""
    if scheme in _PAYMENT_SCHEMES:
        return SecretKind.PAYMENT_LINK
    if scheme == "otpauth":
        return SecretKind.OTHER
    if scheme not in ("http", "https"):
        return None
    host = HOST.match(rest)[0]  # type: ignore[index]  # it matches nothing too
    path = rest[len(host) :]
    if any(host == name and path.startswith(begin) and len(path) > len(begin) for name, begin in _HOOKS):
        return SecretKind.API_KEY
    is_payment = (
        (host in _PAYMENT_HOSTS and len(path) > 1)
        or any(host.endswith(name) and path.startswith(begins) for name, begins in _PAYMENT_PATHS)
        or ANY_PAYMENT.search(path) is not None
        or (host.startswith(("pay.", "cashier.", "checkout.")) and PAY_PAGE.search(path) is not None)
    )
    return SecretKind.PAYMENT_LINK if is_payment else None


def _start_of_scheme(lowered: str, end: int) -> int:
    start = end
    while start > max(0, end - _LONGEST_SCHEME) and lowered[start - 1] in _SCHEME_SIGNS:
        start -= 1
    return start


def _find_client_secrets(view: View) -> Iterator[Finding]:
    for match in CLIENT_SECRET.finditer(view.text):
        begin = CLIENT_ID.search(view.text, max(0, match.start() - _LONGEST_CLIENT_ID), match.start())
        if begin is not None and not continues_word(view.text, begin.start()):
            yield Finding(kind=SecretKind.PAYMENT_LINK, start=begin.start(), end=match.end(), mask=PAYMENT_LINK)
