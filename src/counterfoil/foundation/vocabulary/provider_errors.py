"""Errors of payment providers: notices that are not believed, calls that came to nothing, settings that do not fit."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.errors import LOOK_AT_LOG, error
from counterfoil.foundation.vocabulary.model import Entry, Owner, Text

_STILL_ASKED = Text(
    zh="没有入账，也没有任何改动；订单仍会通过查询得到结果。",
    en="Nothing was credited and nothing changed; the order still gets its outcome by asking the provider.",
)


def _notice(code: str, *, label: Text, explanation: Text, look: Text, change: Text) -> Entry:
    # Which providers there are, and how they sign, is nobody's business but operations'.
    return error(
        code,
        owner=Owner.OPERATIONS,
        public=False,
        label=label,
        explanation=explanation,
        look=look,
        change=change,
        back=_STILL_ASKED,
    )


_NOTICES = (
    _notice(
        "notice_not_configured",
        label=Text(zh="没有设置验证支付通知的密钥", en="Notices not set up"),
        explanation=Text(
            zh="这个支付渠道没有可用的验签密钥，所以不接受它的任何通知。",
            en="This payment provider has no usable secret to check notices with, so none of its notices is accepted.",
        ),
        look=Text(
            zh="看这个支付渠道的设置，以及保存密钥的环境变量。",
            en="Look at the provider's settings, and at the environment variables that hold its secrets.",
        ),
        change=Text(
            zh="请填写渠道后台给出的验签密钥；银行转账没有通知，由财务确认到账。",
            en="Set the secret that the provider's own console shows; a bank transfer has no notices and is confirmed by finance.",
        ),
    ),
    _notice(
        "notice_signature_wrong",
        label=Text(zh="支付通知的签名不符", en="Notice signature wrong"),
        explanation=Text(
            zh="通知没有签名，或签名与这个渠道的密钥不符；内容没有采用。",
            en="The notice has no signature, or one that does not fit this provider's secret; what it says was not used.",
        ),
        look=Text(
            zh="核对渠道后台和这里的密钥是否相同，是否是同一个商户、同一个环境。",
            en="Compare the secret in the provider's console with the one set here: same merchant, same environment.",
        ),
        change=Text(
            zh="密钥不同就在这里改正；不是渠道发来的通知可以忽略。",
            en="Correct the secret here if they differ; a notice that the provider did not send can be ignored.",
        ),
    ),
    _notice(
        "notice_stale",
        label=Text(zh="支付通知的时间不符", en="Notice too old"),
        explanation=Text(
            zh="通知的签名时间与现在相差太远，可能是重放；内容没有采用。",
            en="The notice was signed too long ago, or ahead of our clock, and may be a replay; what it says was not used.",
        ),
        look=Text(
            zh="看这台机器的时钟，以及通知在路上是否耽搁了。",
            en="Look at this machine's clock, and whether the notice was held up on its way.",
        ),
        change=Text(
            zh="请校准时钟；渠道会带着新的签名时间再次通知。",
            en="Set the clock right; the provider notifies again with a new time.",
        ),
    ),
    _notice(
        "notice_other_merchant",
        label=Text(zh="支付通知属于另一个商户", en="Notice of another merchant"),
        explanation=Text(
            zh="通知的签名正确，但其中的商户、应用或环境（正式、测试）不是这里设置的；内容没有采用。",
            en="The notice is properly signed, but its merchant, application or mode (live, test) is not the one set here; what it says was not used.",
        ),
        look=Text(
            zh="看渠道后台里哪个商户填写了这个通知地址。",
            en="See which merchant in the provider's console has this notification address.",
        ),
        change=Text(
            zh="请改正通知地址或这里的商户设置；不同商户要分别设置渠道。",
            en="Correct the address there or the merchant here; each merchant needs a provider of its own.",
        ),
    ),
    _notice(
        "notice_unreadable",
        label=Text(zh="支付通知无法识别", en="Notice not readable"),
        explanation=Text(
            zh="通知太长、格式或编码不对、字段重复、无法解密，或金额无法准确识别；内容没有采用。",
            en="The notice is too long, malformed, wrongly encoded, repeats a field, cannot be unsealed, or has no exact amount; what it says was not used.",
        ),
        look=Text(
            zh="看错误里给出的原因；通知的内容不保存。",
            en="Look at the reason in the error; what the notice held is not kept.",
        ),
        change=Text(
            zh="请核对渠道后台选择的接口版本、编码和解密密钥。",
            en="Check the interface version, the encoding and the sealing key that are chosen in the provider's console.",
        ),
    ),
)

_CALLS = (
    error(
        "provider_unavailable",
        owner=Owner.OPERATIONS,
        label=Text(zh="支付渠道暂时没有答复", en="Payment provider unavailable"),
        explanation=Text(
            zh="支付渠道没有给出可以采信的答复，这次操作是否生效还不知道；没有入账，也没有扣款。",
            en="The payment provider gave no answer to go by, so whether this took effect is not known yet; nothing was credited and nothing was taken.",
        ),
        look=LOOK_AT_LOG,
        change=Text(
            zh="请稍后再试；已经付款的订单会自动查询到账，不要重复付款。",
            en="Try again later; an order that has been paid is found by asking, so do not pay it again.",
        ),
        back=Text(
            zh="系统会继续向渠道查询，得到结果后自动更新。",
            en="The provider is asked again, and the order follows once it answers.",
        ),
    ),
    error(
        "provider_rejected",
        owner=Owner.OPERATIONS,
        label=Text(zh="支付渠道拒绝了这次操作", en="Rejected by the payment provider"),
        explanation=Text(
            zh="支付渠道明确拒绝了这次操作，渠道那边什么也没有做。",
            en="The payment provider has refused, and has done nothing on its side.",
        ),
        look=Text(
            zh="看错误里的 reason：那是渠道自己的错误代码。",
            en="Look at reason in the error: it is the provider's own code.",
        ),
        change=Text(
            zh="请按渠道的说明处理后再试，或换一种支付方式。",
            en="Do what the provider's documentation says of that code and try again, or choose another way to pay.",
        ),
    ),
    error(
        "provider_settings_wrong",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="支付渠道的设置不合要求", en="Payment provider settings not usable"),
        explanation=Text(
            zh="缺少必填的设置或密钥，或其中一项不合这种渠道的要求。",
            en="A setting or secret that is required is missing, or one does not fit this kind of provider.",
        ),
        look=Text(
            zh="看错误里的 field：它写明了是哪一项；填写的内容不会重复显示。",
            en="Look at field in the error: it names the setting; what was given is not repeated.",
        ),
        change=Text(
            zh="请从渠道后台重新复制这一项，注意不要混用正式和测试环境。",
            en="Copy it again from the provider's console, and do not mix live and test.",
        ),
    ),
)

ENTRIES = (*_NOTICES, *_CALLS)
