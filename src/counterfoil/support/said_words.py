"""Words by which people name things among other words: what is wrong, who they are, ends of numbers, amounts. Pure.

Each pattern is a notion with the words that people have for it, in Chinese and in English: no sentence of anybody's.
"""

from __future__ import annotations

import re

# -- nothing -----------------------------------------------------------------------------------------------------------

_NOTHING = re.compile(
    r"(?:我?(?:不知道|不清楚|不记得|不确定|忘记?了?|记不得了?|记不清了?|没有?|无|找不到|查不到|略|空)"
    r"|n/?a|nil|none|unknown|nothing|i? ?(?:don'?t|do not) (?:know|have(?: it)?|remember)|no idea|i? ?forgot(?:ten)?"
    r"|can(?:'?t|not) (?:remember|find(?: it)?|say)|not sure|skip|[-/?？.。—_*]+)[。.!！?？~～]*",
    re.IGNORECASE,
)


def says_nothing(value: str) -> bool:
    """Whether something was only written because there was a field for it."""
    return _NOTHING.fullmatch(value.strip()) is not None


# -- what is wrong -----------------------------------------------------------------------------------------------------

_MONEY = r"(?:余额|额度|积分|点数|钱|账单|消耗|消费|扣费|花费|费用|tokens?\b|credits?\b|points?\b|quota|balance|\bbill\b|\bspen[dt]\w*|usage|\bmoney\b)"
_FALLS = (
    r"(?:少了|掉|下降|变少|骤降|不对|异常|对不上|没了|太快|好快|翻倍|翻了|多花|好几倍|突然|不正常|蹊跷|fell|drop|drain|went down|lower|burn"
    r"|vanish|disappear|\bgone\b|doubl|wrong|weird|odd\b|unexpected|too (?:fast|much)|so much|more than|way more)"
)
COMPLAINTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (code, re.compile(pattern, re.IGNORECASE))
    for code, pattern in (
        (
            "balance_not_enough",
            r"(?<!\d)4(?:0[0-9]|2[0-9])(?!\d)|不足|不够|欠费|被拒|拒绝|insufficient|not enough|too (?:low|little)"
            r"|refused|reject|denied|blocked|payment required|nothing was charged|本次没有扣费",
        ),
        (
            "recharged_not_credited",
            r"充(?:值|了|的|过|进|钱)|(?:不|没)?到账|付了|付款|付过|打款|转账|扫码|兑换|卡密|激活码|(?:钱|款).{0,6}(?:没到|没来|没加)|(?:积分|额度|点数|余额).{0,6}(?:没来|没加|没到|没变)"
            r"|recharge|\btop(?:ped|ping)?[- ]?up\b|\bpaid\b|\bpayment(?! required)\b|\bdeposit|\bcredited\b|redeem|redemption|voucher|coupon"
            r"|(?:money|credits?|points|tokens?).{0,24}(?:never|not (?:there|shown)|didn'?t|missing|nothing)|where.{0,12}(?:credits|points|tokens|money)",
        ),
        (
            "balance_fell",
            rf"{_MONEY}.{{0,14}}{_FALLS}|{_FALLS}.{{0,14}}{_MONEY}|扣得.{{0,4}}快|比平时.{{0,6}}(?:多|贵)|多扣|盗(?:用|刷|了)|overcharg|(?:some(?:body|one)) .{{0,8}}using my"
            r"|(?:没|不)(?:怎么|有)?(?:用|跑|调).{0,10}(?:扣|少|掉)|(?:解释|explain).{0,16}(?:消费|账单|费用|spend|bill)",
        ),
        (
            "failed_perhaps_charged",
            r"(?:视频|图片|图|任务|生成|请求).{0,10}(?:失败|没出来|卡|断|挂)|(?:video|image|picture|task|job|generation).{0,16}(?:fail|stuck|died|broken|hang)",
        ),
    )
)  # fmt: skip

# -- who ---------------------------------------------------------------------------------------------------------------

_USER_NUMBER = re.compile(
    r"(?:(?<![\w#])#|\buid\s?[:：#]?\s?|用户(?:编号|号|id)\s?[:：#]?\s?|\buser (?:no\.?|number|id)\s?[:：#]?\s?)(\d{1,9})(?!\w)",
    re.IGNORECASE,
)
# What stands before somebody's name, and what people end a sentence with.
_LEAD = re.compile(
    r"(?:我的?(?:账号|账户|号|名字|昵称|网名)|我(?:是|叫)|账号|账户|户名|昵称|网名|名字|用户名|显示名|登录名?"
    r"|\baccount(?: name)?\b|\bmy (?:user|name|nick)\b|\bI'?m(?: registered as)?\b|\bI go by\b|\blogin\b|\buser(?:name)?\b|\bnick(?:name)?\b"
    r"|\bdisplay name\b|\bname(?:'s)?\b|\bregistered as\b|\bthis is\b|\bit'?s\b|就是|(?<![\w.])@)(?:\s?(?:是|叫|为|is))?\s?[:：]?\s{0,2}",
    re.IGNORECASE,
)
_NAME = re.compile(r"[^\s,，。;；:：()（）<>《》\"'“”、!！?？]{2,40}")
_PARTICLES = re.compile(r"(?:啊|呀|吧|哦|呢|啦|的)+\Z")
_IN_BRACKETS = re.compile(r"[（(][^）)]{0,20}[）)]")
NAMES_MAX = 8


def user_number_in(text: str) -> str:
    """The first user number that is named as one, with its sign."""
    found = _USER_NUMBER.search(text)
    return "" if found is None else f"#{found[1]}"


def names_in(text: str) -> tuple[str, ...]:
    """What stands where people say their name."""
    found: dict[str, None] = {}
    for lead in _LEAD.finditer(text):
        match = _NAME.match(text, lead.end())
        if match is not None and "@" not in match[0][1:] and not match[0].startswith("#"):
            found |= dict.fromkeys(_bare(match[0]))
    return tuple(found)[:NAMES_MAX]


def names_of(value: str) -> tuple[str, ...]:
    """What a field for a name may mean by it: as it stands, and without what was put around it."""
    plain = _IN_BRACKETS.sub("", value).strip()
    parts = [value, plain, *plain.split(), *names_in(plain)]
    return tuple(dict.fromkeys(bare for part in parts for bare in _bare(part)))[: 2 * NAMES_MAX]


def _bare(name: str) -> tuple[str, ...]:
    stripped = name.strip(" .,，。!！?？~～")
    return tuple(dict.fromkeys(one for one in (stripped, _PARTICLES.sub("", stripped)) if len(one) >= 2))


_ADDRESS = re.compile(r"(?<![\w.+-])([\w.+-]{3,64})\s?(?:@|#|\(at\)|\bat\b)", re.IGNORECASE)
_ALONE = re.compile(r"(?<![A-Za-z0-9._+-])[A-Za-z0-9][A-Za-z0-9._+-]{7,63}")


def local_parts_in(text: str) -> tuple[str, ...]:
    """What may be the part of an address before its sign, where the rest was mistyped or left out."""
    found = [match[1] for match in _ADDRESS.finditer(text)] or _ALONE.findall(text)
    return tuple(dict.fromkeys(one.lower().strip(".") for one in found))[:NAMES_MAX]


# -- ends of numbers ---------------------------------------------------------------------------------------------------

_ENDS = r"(?:尾号|尾数|末尾|结尾|(?:最)?后四位|最后|last (?:4|four)(?: digits)?|end(?:s|ing)?(?: (?:in|with))?|finish(?:es|ing) with)"
_SIGNS = r"[\s:：是为(（]{0,4}[…*.·]{0,8}(?:x{2,8}-?)?[(（]?"
_END = r"([0-9A-Za-z]{4})(?![0-9A-Za-z])"
_MASKED = r"[\s(（:：]{0,3}(?:号|no\.?|number)?\s?[:：]?\s?[(（]?(?:…|\.{2,8}|\*{1,8})[(（]?"


def _end_of(nouns: str) -> re.Pattern[str]:
    """An end that is named as that of something: 订单尾号 4711, order (…4711), last four of the order: 4711, 尾数4711的订单."""
    return re.compile(
        rf"(?:{nouns})(?:号|的)?[^\n,，;；。]{{0,8}}?{_ENDS}{_SIGNS}{_END}|(?:{nouns}){_MASKED}{_END}"
        rf"|last (?:4|four) (?:digits )?of (?:the |my )?(?:{nouns}){_SIGNS}{_END}|(?:尾号|尾数|后四位){_SIGNS}{_END}[)）]?的?(?:{nouns})",
        re.IGNORECASE,
    )


_ORDER_END = _end_of(
    r"订单号?|单号|那单|交易号|交易单|\border\b|\breceipt\b|\btransaction\b|\bpayment ref(?:erence)?\b|\border no\.?"
)
_CODE_END = _end_of(r"兑换码|卡密|激活码|礼品码|充值码|优惠码|\bcdk\b|码|\bvoucher\b|\bcoupon\b|\bcode\b")
OF_CODES = re.compile(
    r"兑换码|卡密|激活码|礼品码|\bcdk\b|redemption code|redeem|voucher|coupon|gift code|promo code", re.IGNORECASE
)
_KEY_END = re.compile(
    r"\bsk(?:-[0-9A-Za-z_-]{0,12}?)?(?:…|\.{2,6}|\*{2,60}|x{3,8})([0-9A-Za-z_-]{4})(?![0-9A-Za-z_-])"
    rf"|(?:\bkey\b|密钥|令牌)[^\n,，;；。]{{0,6}}?(?:{_ENDS}|后面)[\s:：是]{{0,3}}([0-9A-Za-z_-]{{4}})(?![0-9A-Za-z_-])"
    r"|(?:\bkey|密钥|令牌|\btoken)\s?(?:是|is)?\s?[:：]?\s?[(（]?…([0-9A-Za-z_-]{4})(?![0-9A-Za-z_-])"
    r"|(?:尾号|最后四位)\s?([0-9A-Za-z_-]{4})\s?(?:这个|那个|的)?(?:key|密钥|令牌)",
    re.IGNORECASE,
)


def _first_group(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return "" if found is None else next(one for one in found.groups() if one)


def order_end_in(text: str) -> str:
    end = _first_group(_ORDER_END, text)
    return f"…{end}" if end else ""


def code_end_in(text: str) -> str:
    return _first_group(_CODE_END, text)


def key_end_in(text: str) -> str:
    end = _first_group(_KEY_END, text)
    return f"sk-…{end}" if end else ""


# -- amounts and statuses ----------------------------------------------------------------------------------------------

_HAN = "一二三四五六七八九十两几零"
_WORD = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty)"
_FIGURES = r"\d[\d,]{0,9}(?:\.\d{1,9})?"
_ROUGHLY = r"(?:about|around|roughly|almost|nearly|just under|(?:a bit |a little )?over|not quite|~|≈|大概|大约|差不多|不到|将近|快|约)"
AMOUNT = re.compile(
    rf"(?:[¥￥$€£]|\b(?:RMB|CNY|USD|EUR|GBP))\s?{_FIGURES}(?:左右)?"
    rf"|(?:{_ROUGHLY}\s?)?(?:{_FIGURES}|[{_HAN}]{{1,3}})\s?(?:多|来)?(?:元|块|毛|CNY\b|RMB\b|USD\b|EUR\b|GBP\b|美元|刀|yuan|dollars?)(?:左右|多|出头)?"
    rf"|{_ROUGHLY}\s?(?:{_FIGURES}|{_WORD}\b|[{_HAN}]{{2,3}})(?![\d:点时号月])"
    rf"|(?:付了|充的?了?|一共|扣了我?|金额|\bpaid\b|\bamount\b)\s?[:：]?\s?(?:{_FIGURES}|[{_HAN}]{{2,3}}|{_WORD}\b)(?![\d:点时号月次天])",
    re.IGNORECASE,
)  # fmt: skip
# Where people say what they called.
MODELS = re.compile(r"model|模型|调用?|用的|跑|\bcall|\bon\b|\bwith\b|\bit was\b", re.IGNORECASE)
_STATUS = re.compile(r"(?<![\w.:/-])[45]\d\d(?![\w.:/-]|\s?(?:元|块|yuan))")


def status_in(text: str) -> str:
    found = _STATUS.search(text)
    return "" if found is None else found[0]
