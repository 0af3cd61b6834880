"""Makers of cards, bank accounts, people's numbers, orders, payment links and redemption codes."""

from __future__ import annotations

from collections.abc import Callable

from counterfoil.cli.redaction_corpus.model import Maker, Planted
from counterfoil.cli.redaction_corpus.signs import Signs
from counterfoil.foundation.code_form import RANDOM_BITS, make_code

_Parts = dict[str, tuple[str, Callable[[Signs], str], str]]


def _grouped(digits: str, separator: str, *lengths: int) -> str:
    groups, position = [], 0
    for length in lengths:
        groups.append(digits[position : position + length])
        position += length
    return separator.join(groups)


def _code(signs: Signs) -> str:
    return make_code(signs.random.getrandbits(RANDOM_BITS))


def _british_account(signs: Signs) -> str:
    """An account number with the letters of a bank in it, and right check digits."""
    body = signs.one("NWBK", "BARC", "LOYD") + signs.digits(14)
    value = int("".join(str(int(sign, 36)) for sign in f"{body}GB00"))
    return f"GB{98 - value % 97:02}{body}"


_CARDS: _Parts = {
    "visa": ("", lambda s: s.card("4", 16), ""),
    "mastercard": ("", lambda s: s.card(str(s.between(51, 55)), 16), ""),
    "amex": ("", lambda s: s.card("37", 15), ""),
    "unionpay": ("", lambda s: s.card("62", 19), ""),
    "unionpay_16": ("", lambda s: s.card("6225", 16), ""),
    "jcb": ("", lambda s: s.card("3530", 16), ""),
    "spaces": ("", lambda s: _grouped(s.card("4", 16), " ", 4, 4, 4, 4), ""),
    "hyphens": ("", lambda s: _grouped(s.card("52", 16), "-", 4, 4, 4, 4), ""),
    "dots": ("", lambda s: _grouped(s.card("4", 16), ".", 4, 4, 4, 4), ""),
    "dashes": ("", lambda s: _grouped(s.card("4", 16), "\u2013", 4, 4, 4, 4), ""),
    "hard_spaces": ("", lambda s: _grouped(s.card("4", 16), "\u00a0", 4, 4, 4, 4), ""),
    "two_spaces": ("", lambda s: _grouped(s.card("51", 16), "  ", 4, 4, 4, 4), ""),
    "two_lines": ("", lambda s: _grouped(s.card("4", 16), "\n", 8, 8), ""),
    "unionpay_spaces": ("", lambda s: _grouped(s.card("6217", 19), " ", 4, 4, 4, 4, 3), ""),
    "amex_spaces": ("", lambda s: _grouped(s.card("34", 15), " ", 4, 6, 5), ""),
    "named": ("卡号", lambda s: s.card("6222", 19), ""),
    "named_en": ("card number: ", lambda s: s.card("4", 16), ""),
    "cvv": ("CVV: ", lambda s: s.of("0123456789", 3), ""),
    "cvv_zh": ("安全码：", lambda s: s.of("0123456789", 3), ""),
}
_BANKS: _Parts = {
    "iban_de": ("", lambda s: s.iban("DE", 22), ""),
    "iban_spaces": ("", lambda s: _grouped(s.iban("DE", 22), " ", 4, 4, 4, 4, 4, 2), ""),
    "iban_fr": ("IBAN: ", lambda s: s.iban("FR", 27), ""),
    "account": ("bank account number: ", lambda s: s.digits(10), ""),
    "account_hash": ("account no. ", lambda s: s.digits(12), " at Example Bank"),
    "routing": ("routing number ", lambda s: "0" + s.digits(8), ""),
    "sort_code": ("sort code ", lambda s: "-".join(s.digits(2) for _ in range(3)), ""),
    "iban_gb": ("IBAN ", lambda s: _grouped(_british_account(s), " ", 4, 4, 4, 4, 4, 2), ""),
    "zh": ("银行账号：", lambda s: s.digits(17), ""),
    "zh_card": ("银行卡号 ", lambda s: "62" + s.digits(14), ""),
    "zh_branch": ("开户行：工商银行朝阳支行，账号：", lambda s: s.digits(19), ""),
    "zh_company": ("对公账户 ", lambda s: s.digits(15), ""),
    "zh_groups": ("收款账号：", lambda s: _grouped(s.digits(16), " ", 4, 4, 4, 4), ""),
}
_IDS: _Parts = {
    "bare": ("", lambda s: s.resident_id(), ""),
    "spaces": ("", lambda s: _grouped(s.resident_id(), " ", 6, 8, 4), ""),
    "lower": ("", lambda s: s.resident_id().lower(), ""),
    "zh": ("身份证号：", lambda s: s.resident_id(), ""),
    "zh_glued": ("我的身份证", lambda s: s.resident_id(), ""),
    "en": ("resident id ", lambda s: s.resident_id(), ""),
    "passport": ("护照号：", lambda s: "E" + s.upper(1) + s.digits(7), ""),
    "passport_en": ("passport number: ", lambda s: "E" + s.digits(8), ""),
    "social": ("SSN: ", lambda s: f"{s.between(100, 665)}-{s.between(10, 99)}-{s.between(1000, 9999)}", ""),
    "hong_kong": ("香港身份证 ", lambda s: f"{s.of('ABCDEFGHK', 1)}{s.digits(6)}({s.between(0, 9)})", ""),
}
_PHONES: _Parts = {
    "bare": ("", lambda s: s.mobile(), ""),
    "spaces": ("", lambda s: _grouped(s.mobile(), " ", 3, 4, 4), ""),
    "hyphens": ("", lambda s: _grouped(s.mobile(), "-", 3, 4, 4), ""),
    "country": ("+86 ", lambda s: s.mobile(), ""),
    "country_glued": ("+86", lambda s: s.mobile(), ""),
    "country_zeros": ("0086-", lambda s: s.mobile(), ""),
    "brackets": ("(+86)", lambda s: s.mobile(), ""),
    "zh": ("手机号：", lambda s: s.mobile(), ""),
    "zh_glued": ("打我电话", lambda s: s.mobile(), ""),
    "wechat": ("微信同号 ", lambda s: s.mobile(), ""),
    "dots": ("", lambda s: _grouped(s.mobile(), ".", 3, 4, 4), ""),
    "two_lines": ("", lambda s: _grouped(s.mobile(), "\n", 3, 8), ""),
    "landline": ("电话：", lambda s: "010-" + s.digits(8), ""),
    "landline_en": ("phone: ", lambda s: "0755-" + s.digits(8), ""),
    "america": ("+", lambda s: f"1 (415) {s.between(200, 999)}-{s.between(1000, 9999)}", ""),
    "hong_kong": ("+", lambda s: f"852 {s.between(5000, 9899)} {s.between(1000, 9999)}", ""),
    "britain": ("+", lambda s: f"44 7{s.digits(3)} {s.digits(6)}", ""),
    "tel": ("tel:+", lambda s: "1415" + s.digits(7), ""),
}
_ORDERS: _Parts = {
    "wechat": ("", lambda s: "4200002" + s.digits(3) + "20261124" + s.digits(10), ""),
    "alipay": ("", lambda s: "20261124220014" + s.digits(14), ""),
    "alipay_32": ("", lambda s: "20261124" + s.digits(24), ""),
    "zh": ("订单号：", lambda s: "4200002" + s.digits(3) + "20261124" + s.digits(10), ""),
    "zh_merchant": ("商户单号", lambda s: "20261124" + s.digits(12), ""),
    "zh_epay": ("交易单号：", lambda s: "20261124" + s.digits(9), ""),
    "zh_serial": ("流水号 ", lambda s: "9" + s.digits(17), ""),
    "en": ("order number: ", lambda s: "20261124" + s.digits(12), ""),
    "json": ('"trade_no": "', lambda s: "20261124" + s.digits(11), '"'),
    "json_out": ('"out_trade_no": "', lambda s: "20261124" + s.digits(6), '"'),
    "json_wechat": ('"transaction_id": "', lambda s: "4200002" + s.digits(21), '"'),
    "paypal": ("PayPal transaction ID: ", lambda s: s.upper(17), ""),
    "relay": ("订单号：", lambda s: f"USR{s.between(10, 9999)}NO{s.alnum(6)}{s.digits(10)}", ""),
    "spaces": ("", lambda s: _grouped("4200002" + s.digits(21), " ", 4, 4, 4, 4, 4, 4, 4), ""),
}
_LINKS: _Parts = {
    "wechat": ("", lambda s: "weixin://wxpay/bizpayurl?pr=" + s.alnum(9), ""),
    "wechat_person": ("", lambda s: "wxp://f2f0" + s.base64url(60), ""),
    "wechat_browser": ("", lambda s: "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx" + s.digits(32), ""),
    "alipay": ("", lambda s: "https://qr.alipay.com/" + s.lower(22), ""),
    "alipay_fkx": ("", lambda s: "HTTPS://QR.ALIPAY.COM/FKX" + s.upper(19), ""),
    "alipay_gateway": ("", lambda s: "https://openapi.alipay.com/gateway.do?app_id=" + s.digits(16) + "&method=alipay.trade.page.pay", ""),
    "alipay_app": ("", lambda s: "alipays://platformapi/startapp?saId=10000007&qrcode=" + s.alnum(20), ""),
    "stripe": ("", lambda s: "https://checkout.stripe.com/c/pay/cs_live_" + s.alnum(58), ""),
    "stripe_link": ("", lambda s: "https://buy.stripe.com/" + s.alnum(18), ""),
    "stripe_invoice": ("", lambda s: "https://invoice.stripe.com/i/acct_" + s.alnum(16) + "/live_" + s.alnum(40), ""),
    "stripe_client": ("", lambda s: "pi_" + s.alnum(24) + "_secret_" + s.alnum(25), ""),
    "paypal": ("", lambda s: "https://www.paypal.com/checkoutnow?token=" + s.upper(17), ""),
    "paypal_me": ("", lambda s: "https://paypal.me/" + s.lower(12) + "/20USD", ""),
    "unionpay": ("", lambda s: "https://qr.95516.com/" + s.digits(8) + "/" + s.digits(24), ""),
    "epay": ("", lambda s: f"https://pay.example.com/submit.php?pid=1001&type=alipay&out_trade_no={s.digits(17)}&money=50.00&sign={s.hex(32)}", ""),
    "epay_code": ("", lambda s: "https://pay.example.com/pay/qrcode/" + s.digits(19) + "/", ""),
    "zh": ("付款链接：", lambda s: "https://pay.example.cn/cashier/" + s.alnum(24), ""),
    "en": ("payment link: ", lambda s: "https://shop.example.com/p/" + s.alnum(20), ""),
}  # fmt: skip
_CODES: _Parts = {
    "printed": ("", _code, ""),
    "lower": ("", lambda s: _code(s).lower(), ""),
    "spaces": ("", lambda s: _code(s).replace("-", " "), ""),
    "glued": ("", lambda s: _code(s).replace("-", ""), ""),
    "two_lines": ("", lambda s: _code(s).replace("-", "-\n", 3).replace("-\n", "-", 2), ""),
    "zh": ("兑换码：", _code, ""),
    "zh_glued": ("兑换码", _code, ""),
    "json": ('"redemption_code": "', _code, '"'),
    "relay": ("兑换码：", lambda s: s.hex(32), ""),
    "relay_is": ("我的兑换码是 ", lambda s: s.hex(32), ""),
    "relay_en": ("redemption code: ", lambda s: s.hex(32), ""),
    "uuid": ("兑换码 ", lambda s: s.uuid(), ""),
    "voucher": ("卡密：", lambda s: "-".join(s.upper(4) for _ in range(4)), ""),
    "gift": ("gift card code ", lambda s: "-".join(s.upper(5) for _ in range(3)), ""),
    "top_up": ("充值码 ", lambda s: s.upper(16), ""),
}
_FAMILIES: tuple[tuple[str, tuple[str, ...], _Parts], ...] = (
    ("card", ("card",), _CARDS),
    ("bank", ("bank", "card"), _BANKS),
    ("id", ("id",), _IDS),
    ("phone", ("phone",), _PHONES),
    ("order_number", ("order_number",), _ORDERS),
    ("payment_link", ("payment_link",), _LINKS),
    ("code", ("code",), _CODES),
)


def _maker(name: str, classes: tuple[str, ...], parts: tuple[str, Callable[[Signs], str], str]) -> Maker:
    before, make, after = parts
    return Maker(name=name, classes=classes, make=lambda signs: Planted(before=before, secret=make(signs), after=after))


MAKERS = tuple(
    _maker(f"{family}.{name}", classes, parts) for family, classes, made in _FAMILIES for name, parts in made.items()
)
