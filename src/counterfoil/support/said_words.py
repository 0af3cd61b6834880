"""Words by which people name things among other words: what is wrong, who they are, ends of numbers, amounts. Pure.

Each pattern is a notion with the words that people have for it, in Chinese and in English: no sentence of anybody's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from counterfoil.evidence.search import emails_in
from counterfoil.support.said_ends import end_alone, loose_ends, marked_ends

# -- nothing -----------------------------------------------------------------------------------------------------------

_NOTHING = re.compile(
    # Not known, not kept, somebody else's to look up, not now, and what is this for.
    r"(?:我?(?:不知道|不晓得|不清楚|不记得|不确定|忘记?了?|记不得了?|记不清了?|记不住|没有?|没(?:记|看|注意|留意|截图|保存)|无|无所谓|找不到|查不到|略|空)"
    r"|(?:你们|麻烦)?(?:自己|后台|系统)?(?:后台|日志)?(?:看|查)一?下?|同上|(?:稍后|回头)?(?:再)?补|待(?:补|填|定)|不会(?:看|填|弄)|不填(?:行|可以)吗|(?:这个?|那个?)是(?:啥|什么)"
    r"|n/?a|nil|none|unknown|nothing|empty|blank|tb[adc]|later|whatever|same(?: as above)?|ditto|dunno|i? ?(?:don'?t|do not|didn'?t) (?:know|have(?: it)?|remember|note(?: it)?|look|keep it|see)"
    r"|no (?:idea|screenshot|clue)|lost it|i? ?forgot(?:ten)?|(?:see|check|look at) (?:your|the) (?:logs?|records?)|do i need (?:this|it)|what(?:'s| is) (?:this|that)"
    r"|can(?:'?t|not) (?:remember|find(?: it)?|say)|not sure|skip|[-/?？.。…、—_*~]+)[。.!！?？~～…]*",
    re.IGNORECASE,
)


def says_nothing(value: str) -> bool:
    """Whether something was only written because there was a field for it."""
    return _NOTHING.fullmatch(value.strip()) is not None


# -- what is wrong -----------------------------------------------------------------------------------------------------

_MONEY = r"(?:余额|钱包|费|额度|积分|点数|钱|账单|消耗|消费|扣费|花费|费用|tokens?\b|credits?\b|points?\b|quota|balance|\bbill\b|\bspen[dt]\w*|usage|\bcosts?\b|\bwallet|\bmoney\b)"
_FALLS = (
    r"(?:少了|掉|下降|变少|骤降|不对|异常|对不上|没了|太快|好快|翻倍|翻了|多花|好几倍|突然|不正常|蹊跷|涨|飞|这么(?:多|快|贵)|那么多|太多|吓人|melt|went up|\bspik|through the roof|expensive|smaller|add up|fell|drop|drain|went down|lower|burn"
    r"|vanish|disappear|\bgone\b|doubl|wrong|weird|odd\b|unexpected|too (?:fast|much)|so much|more than|way more)"
)
COMPLAINTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (code, re.compile(pattern, re.IGNORECASE))
    for code, pattern in (
        (
            "balance_not_enough",
            r"(?<!\d)4(?:0[0-9]|2[0-9])(?!\d)|不足|不够|欠费|被拒|拒绝|insufficient|not enough|too (?:low|little)"
            r"|refus|reject|declin|denied|blocked|bounced|payment required|超限|限额|拦|欠费|out of quota|no (?:credit|funds)\b",
        ),
        (
            "recharged_not_credited",
            r"充(?:值|了|的|过|进|钱)|(?:不|没)?到账|付了|付款|付过|付完|支付(?:了|完|成功|页)|打款|转账|转(?:了|过去|的钱)|入账|收到.{0,2}(?:钱|款)|扫码|兑换|卡密|激活码|(?:钱|款).{0,6}(?:没到|没来|没加)|(?:积分|额度|点数|余额|账户).{0,8}(?:没来|没加|没到|没变|没动|没多|还是原来|还是那|一样)"
            r"|recharge|\btop(?:ped|ping)?[- ]?up\b|\bpaid\b|\bpayment(?! required)\b|\bpay(?:ing)?\b(?! required)|\bcheckout\b|\bdeposit|\bcredited\b|\b(?:balance|wallet)\b.{0,12}(?:unchanged|the same|didn'?t (?:change|move)|old number)|redeem|redemption|voucher|coupon"
            r"|(?:money|credits?|points|tokens?).{0,24}(?:never|not (?:there|shown)|didn'?t|missing|nothing)|where.{0,12}(?:credits|points|tokens|money)",
        ),
        (
            "balance_fell",
            rf"{_MONEY}.{{0,14}}{_FALLS}|{_FALLS}.{{0,14}}{_MONEY}|扣得.{{0,4}}快|比平时.{{0,6}}(?:多|贵)|多扣|盗(?:用|刷|了)|泄[露漏]|\bleak|重复(?:计费|扣)|对不上|对(?:一?下)?账|涨价|调价|overcharg|double (?:bill|charg)|too much (?:was |got )?(?:deduct|charg|spen|bill|taken)|chang\w* (?:your |the )?prices?|(?:some(?:body|one)) .{{0,8}}using my"
            r"|(?:没|不)(?:怎么|有)?(?:用|跑|调).{0,10}(?:扣|少|掉)|(?:解释|explain).{0,16}(?:消费|账单|费用|spend|bill)",
        ),
        (
            "failed_perhaps_charged",
            r"(?:视频|图片|图|任务|生成|请求).{0,10}(?:失败|没出来|卡|断|挂)|(?:video|image|picture|task|job|generation).{0,16}(?:fail|stuck|died|broken|hang)",
        ),
    )
)  # fmt: skip

# What a refusal says that one may do, and what it has not done.
_ADVICE = re.compile(
    r"nothing was charged|本次没有扣费|recharge the account|(?:请)?(?:先)?(?:为账户)?充值后(?:再|重)试|may still have money|insufficient balance",
    re.IGNORECASE,
)


def without_advice(text: str) -> str:
    """The text with what a refusal's own words say of charges and recharges blotted out."""
    return _ADVICE.sub(lambda match: "·" * len(match[0]), text)


# -- who ---------------------------------------------------------------------------------------------------------------

# What people call their number; what stands between it and the number.
_NUMBER_NAMES = (
    r"(?:uid|用户(?:编号|号|id)|(?:账号|账户|帐户|帐号)?编号|(?:user|member|account|acct) ?(?:no\.?|number|id))"
)
# An id or a number of nothing that is named is one's own; that of an order or a request is none.
_BARE_NAMES = r"(?:id|no\.|number|member)(?=[\s:=#\d])"
_OWN = "|".join(f"(?<={word} )" for word in ("under", "my", "is", "am", "user", "with", "for", "up", "acc"))
_USER_NUMBER = re.compile(
    rf"(?:(?<![\w#])#|(?<![a-z])(?:{_NUMBER_NAMES}|(?:(?<![a-z单求务码号] )(?<![单求务码号])|{_OWN}){_BARE_NAMES})\s?(?:是|is|[:：#=])?\s?#?"
    r"|(?:账号|账户|帐户|帐号|用户)\s?[:：]?\s?(?=\d{1,9}号)|(?:帮|替|asking for|look up|under)\s?(?=\d{1,9}(?:查|号|[.,;。,;)…/\n]|\Z)))"
    r"(\d{1,9})(?![0-9A-Za-z_-])"
    r"|(?<!\d)(\d{1,9})号(?:用户|(?:这个)?(?:账户|帐户|账号))",
    re.IGNORECASE,
)
_NUMBER_ALONE = re.compile(
    rf"(?:我的|我是|用户)?(?:{_NUMBER_NAMES}|{_BARE_NAMES}|no|#)?\s?(?:是|is|[:：#=.])*\s?#?(\d{{1,9}})\s?号?",
    re.IGNORECASE,
)
# What stands before somebody's name, and what people end a sentence with.
_LEAD = re.compile(
    r"(?:我的?(?:账号|账户|号|名字|昵称|网名)|我(?:是|叫)|账号|账户|户名|昵称|网名|名字|用户名|显示名|登录名?"
    r"|\baccount(?: name)?\b|\bmy (?:user|name|nick)\b|\bI'?m(?: registered as)?\b|\bI go by\b|\blogin\b|\buser(?:name)?\b|\bnick(?:name)?\b"
    r"|帐户|帐号|登[陆录]名|这边是|帮|替|\bcalled\b|\bcall me\b|\bshown as\b|\balias\b|\bunder\b|\basking for\b|\blook up\b|\bacc(?:t|ount)?\b|\bdisplay name\b|\bname(?:'s)?\b|\bregistered as\b|\bthis is\b|\bit'?s\b|就是|(?<![\w.])@)(?:\s?(?:是|叫|为|is))?\s?[:：]?\s{0,2}",
    re.IGNORECASE,
)
_NAME = re.compile(r"[^\s,，。;；:：()（）<>《》\"'“”、!！?？]{2,40}")
_PARTICLES = re.compile(r"(?:本人|这个|账户|帐户|账号|看看|[查号啊呀吧哦呢啦的])+\Z")
_IN_BRACKETS = re.compile(r"[（(][^）)]{0,20}[）)]")
NAMES_MAX = 8


def user_number_in(text: str) -> str:
    """The first user number that is named as one, with its sign."""
    found = _USER_NUMBER.search(text)
    return "" if found is None else f"#{found[1] or found[2]}"


def without_user_numbers(text: str) -> str:
    """The text with the numbers of users blotted out, which are no days and no statuses."""
    return _USER_NUMBER.sub(lambda match: "·" * len(match[0]), text)


def person_number(value: str) -> str:
    """The user number that a field for somebody holds, whatever that field asks for; empty where it holds something else."""
    alone = _NUMBER_ALONE.fullmatch(value.strip(" .,，。~～·"))
    return alone[1] if alone is not None else user_number_in(value).lstrip("#")


# Spaces and words in the place of an address's signs.
_APART = re.compile(
    r"(?<=[\w-])\s{0,2}(?:@|[(\[]at[)\]]|\bat\b)+\s{0,2}(?=[a-z0-9-]{1,63}\s?(?:\.|\bdot\b)\s?[a-z]{2})([a-z0-9-]+)\s?(?:\.|\bdot\b)\s?",
    re.IGNORECASE,
)


_BEFORE_LATIN = re.compile(r"(?<=[\u3400-\u9fff])(?=[A-Za-z0-9])")


def addresses_in(text: str) -> tuple[str, ...]:
    """The e-mail addresses of a text, those too that were written apart."""
    # Chinese is written up to them without a space.
    apart = _BEFORE_LATIN.sub(" ", text)
    return tuple(dict.fromkeys((*emails_in(apart), *emails_in(_APART.sub(r"@\1.", apart)), *emails_in(text))))


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

_ENDS = r"(?:尾(?:号|数|巴)?|末尾|结尾|(?:最)?(?:后|末)\s?[四4]\s?位|最后|last ?(?:4|four)(?: digits)?|(?:last|final) digits|tail|end(?:s|ing)?(?: (?:in|with))?|finish(?:es|ing) with)"
_SIGNS = r"[\s:：是为=(（]{0,4}[…*.·]{0,8}(?:x{2,8}-?)?[(（]?"
_END = r"([0-9A-Za-z]{4})(?![0-9A-Za-z])"
_MASKED = r"[\s(（:：#]{0,3}(?:号|no\.?|number)?\s?[:：]?\s?[(（]?(?:…|\.{2,8}|\*{1,8})[(（]?"


def _end_of(nouns: str) -> re.Pattern[str]:
    """An end that is named as that of something: 订单尾号 4711, order (…4711), last four of the order: 4711, 尾数4711的订单."""
    return re.compile(
        rf"(?:{nouns})(?:号|的)?[^\n,，;；。]{{0,8}}?{_ENDS}{_SIGNS}{_END}|(?:{nouns}){_MASKED}{_END}"
        rf"|(?:last (?:4|four) (?:digits )?|end )of (?:the |my )?(?:{nouns})(?: number)?{_SIGNS}{_END}|(?:{nouns})[^\n,，;；。]{{0,10}}?{_END}\s?(?:收尾|结尾|at the end)|(?:尾号|尾数|后四位){_SIGNS}{_END}[)）]?的?(?:{nouns})",
        re.IGNORECASE,
    )


_ORDER_END = _end_of(
    r"订单号?|单子|单号|那单|流水号?|账单号?|支付单|交易号|交易单|\bbill(?: no\.?)?\b|\binvoice\b|\border\b|\breceipt\b|\btransaction\b|\bpayment ref(?:erence)?\b|\border no\.?"
)
_CODE_END = _end_of(
    r"兑换码|卡密|激活码|礼品码|充值码|优惠码|券码|礼品卡|充值卡|\bcdk(?:ey)?\b|码|\bvoucher(?: no\.?)?\b|\bcoupon\b|\bgift card\b|\bcode(?:'s)?\b"
)
# A code that is named, and behind it an end alone.
_CODE_ITSELF = re.compile(
    r"(?:兑换码|卡密|激活码|礼品码|充值码|券码|礼品卡|充值卡|码|\b(?:coupon|voucher|gift card|cdk(?:ey)?|(?<!error )(?<!status )code))[\s:：(（]{0,2}((?=[0-9A-Za-z]{0,3}\d)[0-9A-Za-z]{4})(?![0-9A-Za-z])",
    re.IGNORECASE,
)
OF_CODES = re.compile(
    r"兑换码|卡密|激活码|礼品码|礼品卡|券码|\bcdk(?:ey)?\b|redemption code|redeem|voucher|coupon|gift code|promo code",
    re.IGNORECASE,
)
_KEY_END = re.compile(
    r"\bsk(?:-[0-9A-Za-z_-]{0,12}?)?(?:…|\.{2,6}|\*{1,60}|x{3,8}| something )([0-9A-Za-z_-]{4})(?![0-9A-Za-z_-])"
    rf"|(?:\b(?:api\s?)?key\b|密钥|秘钥|钥匙|令牌|\bsecret\b|\bsk)[^\n;；。]{{0,6}}?(?:{_ENDS}|后面|…|\.{{2,6}}|\*{{1,60}})[\s:：是=]{{0,3}}([0-9A-Za-z_-]{{4}})(?![0-9A-Za-z_-])"
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
    return _first_group(_CODE_END, text) or _first_group(_CODE_ITSELF, text)


def key_end_in(text: str) -> str:
    end = _first_group(_KEY_END, text)
    return f"sk-…{end}" if end else ""


# Fields that take an end by mistake.
_TAKE_KEY_ENDS = ("account", "group", "caller", "model", "nickname")
_TAKE_MONEY_ENDS = ("payment_method", "code_state", "code_last_four", "order_mask")


def key_ends_astray(values: Mapping[str, str], text: str) -> tuple[str, ...]:
    """Ends that may be those of keys: alone in the field for something else, or four such signs among words."""
    alone = [end_alone(values[name]) for name in _TAKE_KEY_ENDS if name in values]
    return tuple(dict.fromkeys((*(one for one in alone if one), *loose_ends(text))))


def money_end_astray(values: Mapping[str, str], text: str, own: str) -> str:
    """The end of an order or a code that stands in another field than its `own`, or behind the sign of a mask among words."""
    alone = [end_alone(values[name]) for name in _TAKE_MONEY_ENDS if name in values and name != own]
    return next((one for one in (*alone, *marked_ends(text)) if one), "")


# -- amounts and statuses ----------------------------------------------------------------------------------------------

_HAN = "一二三四五六七八九十两几零"
_WORD = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty)"
_FIGURES = r"\d[\d,]{0,9}(?:\.\d{1,9})?"
_ROUGHLY = r"(?:about|around|roughly|almost|nearly|just under|(?:a bit |a little )?over|not quite|~|≈|大概|大约|差不多|不到|将近|快|约)"
AMOUNT = re.compile(
    rf"(?:[¥￥$€£]|人民币|(?<![A-Za-z])(?:RMB|CNY|USD|EUR|GBP|y(?=\d)))\s?{_FIGURES}(?:左右)?"
    rf"|(?:{_ROUGHLY}\s?)?(?:{_FIGURES}|[{_HAN}]{{1,3}})\s?(?:多|来)?(?:(?:元|块)\d{{2}}(?!\d)|元|块|毛|r\b|kuai\b|bucks\b|CNY\b|RMB\b|USD\b|EUR\b|GBP\b|美元|刀|yuan|dollars?)(?:左右|多|出头)?"
    rf"|{_ROUGHLY}\s?(?:{_FIGURES}|{_WORD}\b|[{_HAN}]{{2,3}})(?![\d:点时号月])"
    rf"|(?:付了|充的?了?|转了|支付|花了|一共|总共就?|钱数|单笔|扣了我?|金额|\b(?:sent|topped up|sum|total|worth|put in)\b|\bpaid\b|\bamount\b)\s?[:：]?\s?(?:{_FIGURES}|[{_HAN}]{{2,3}}|{_WORD}\b)(?![\d:点时号月次天])",
    re.IGNORECASE,
)  # fmt: skip
# Where people say what they called.
MODELS = re.compile(r"model|模型|调用?|用的|跑|\bcall|\bon\b|\bwith\b|\bit was\b", re.IGNORECASE)
_STATUS = re.compile(
    r"(?:(?<![A-Za-z0-9_./-])(?<!\d:)|(?<=http))(?:4[0-3]\d|451|50\d|529)(?![A-Za-z0-9_/-]|[.:]\d|\s?(?:元|块|yuan|kuai|rmb|cny))",
    re.IGNORECASE,
)


def status_in(text: str) -> str:
    found = _STATUS.search(text)
    return "" if found is None else found[0]
