"""Parts of pages, and buttons. A part's label is its heading and its explanation the paragraph below."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_PAGE_NEXT_STEP = NextStep(
    where_to_look=Text(
        zh="在 /why 用请求编号查看。",
        en="Look at /why with the request id.",
    ),
    what_to_change=Text(
        zh="页面内容与看到的不符时，请带请求编号联系客服。",
        en="If the page differs from what you saw, contact support with the request id.",
    ),
    how_to_go_back=Text(
        zh="查看不会改变任何记录。",
        en="Looking changes no record.",
    ),
)


def _part(code: str, *, label: Text, explanation: Text) -> Entry:
    return Entry(
        kind=Kind.PAGE,
        code=code,
        owner=Owner.CUSTOMER,
        label=label,
        explanation=explanation,
        next_step=_PAGE_NEXT_STEP,
    )


def _button(code: str, *, label: Text, explanation: Text) -> Entry:
    return Entry(
        kind=Kind.BUTTON,
        code=code,
        owner=Owner.CUSTOMER,
        label=label,
        explanation=explanation,
        next_step=_PAGE_NEXT_STEP,
    )


_WHY_PARTS = (
    _part(
        "why",
        label=Text(zh="这次调用为什么被拒绝？", en="Why was this call refused?"),
        explanation=Text(
            zh="粘贴请求编号或错误信息，就能看到当时的决定、每一项检查和下一步。",
            en="Paste a request id or an error text to see the decision, every check behind it, and the next step.",
        ),
    ),
    _part(
        "why_never_paste",
        label=Text(zh="请不要粘贴这些", en="Never paste these"),
        explanation=Text(
            zh="完整的 API Key、Authorization 或其他请求头、请求内容和提示词、银行卡和付款码、密码和完整兑换码。这里只需要请求编号，粘贴的文字不会保存。",
            en="Whole API keys, Authorization or other headers, request content and prompts, cards and payment codes, passwords, whole redemption codes. The request id is all it takes, and what you paste is not kept.",
        ),
    ),
    _part(
        "why_refused",
        label=Text(zh="这次请求被拒绝了", en="This request was refused"),
        explanation=Text(
            zh="请求在开始之前就被拒绝，本次没有扣费。",
            en="It was refused before it started, and nothing was charged.",
        ),
    ),
    _part(
        "why_served",
        label=Text(zh="这次请求没有被拒绝", en="This request was not refused"),
        explanation=Text(
            zh="各项检查都通过了，请看下面的状态和扣费标记。",
            en="Every check passed; its state and charge mark are below.",
        ),
    ),
    _part(
        "why_checks",
        label=Text(zh="检查了什么", en="What was checked"),
        explanation=Text(
            zh="按人们核对的顺序：账户余额、分组额度、单个 API Key 限额、模型权限、模型任务成本。",
            en="In the order people check: account balance, group quota, key limit, model permission, cost of the request.",
        ),
    ),
    _part(
        "why_next",
        label=Text(zh="下一步", en="What to do next"),
        explanation=Text(
            zh="看哪里、改什么、怎样恢复原状，以及由谁处理。",
            en="Where to look, what to change, how to go back, and who can act.",
        ),
    ),
    _part(
        "why_amounts_hidden",
        label=Text(zh="这里不显示金额", en="Amounts are not shown here"),
        explanation=Text(
            zh="没有登录的人只能看到代码、检查项和下一步。API Key 自己的数字在错误响应里。",
            en="Without sign-in you see the code, the checks and the next step. A key's own numbers are in the error it received.",
        ),
    ),
    _part(
        "why_not_found",
        label=Text(zh="没有这个请求编号的记录", en="No record of this request id"),
        explanation=Text(
            zh="请核对编号是否完整，以及是不是这个服务返回的。用无法识别的 Key 发出的请求没有记录。",
            en="Check that the id is whole and came from this service. A request with an unknown key leaves no record.",
        ),
    ),
    _part(
        "why_no_id",
        label=Text(zh="文字里没有请求编号", en="There is no request id in this text"),
        explanation=Text(
            zh="请求编号以 req_ 开头，在错误信息和响应头 X-Request-Id 里。没有编号时，请按错误代码查看下面的说明。",
            en="A request id begins with req_ and is in the error and in the X-Request-Id header. Without one, look for the error's code below.",
        ),
    ),
    _part(
        "why_code_found",
        label=Text(zh="这个错误代码的意思", en="What this error code means"),
        explanation=Text(
            zh="文字里有错误代码但没有请求编号，下面是这个代码的一般说明。",
            en="The text has an error code but no request id, so this is what the code means in general.",
        ),
    ),
    _part(
        "why_too_often",
        label=Text(zh="查询太频繁", en="Too many look-ups"),
        explanation=Text(
            zh="请稍等一分钟再查。",
            en="Please wait a minute before the next one.",
        ),
    ),
    _part(
        "why_codes",
        label=Text(zh="所有拒绝原因", en="Every reason for a refusal"),
        explanation=Text(
            zh="每个错误代码的意思、由谁处理、看哪里、改什么。",
            en="What each error code means, who can act, where to look and what to change.",
        ),
    ),
    _part(
        "why_live",
        label=Text(zh="现在的数字", en="The numbers right now"),
        explanation=Text(
            zh="这个服务正在处理的请求：多少已完成，多少被拒绝，原因各是什么，钱花在哪里。",
            en="What this service is doing: how many calls were served, how many refused and why, and where the money went.",
        ),
    ),
    _part(
        "why_demo",
        label=Text(zh="演示金额，数据不离开这台机器", en="Demo money, nothing leaves this machine"),
        explanation=Text(
            zh="请求来自一份公开的真实流量记录，由本机的沙箱回答，不连接任何外部模型服务。",
            en="The calls follow a public trace of real traffic and are answered by a sandbox on this machine; no outside model service is used.",
        ),
    ),
    _part(
        "page_not_found",
        label=Text(zh="没有这个页面", en="No such page"),
        explanation=Text(
            zh="请核对地址，或从首页开始。",
            en="Check the address, or start from the home page.",
        ),
    ),
    _part(
        "page_failed",
        label=Text(zh="页面暂时打不开", en="This page cannot be shown right now"),
        explanation=Text(
            zh="问题已经记录，请稍后再试；你的余额和记录不受影响。",
            en="It has been recorded; try again in a while. Your balance and records are not affected.",
        ),
    ),
)

_BUTTONS = (
    _button(
        "explain",
        label=Text(zh="查看原因", en="Explain"),
        explanation=Text(zh="查看这次请求的决定和检查。", en="Show this request's decision and checks."),
    ),
    _button(
        "try_example",
        label=Text(zh="看一个例子", en="See an example"),
        explanation=Text(zh="打开一次真实的拒绝。", en="Open a refusal that really happened."),
    ),
    _button(
        "switch_language",
        label=Text(zh="切换到英文", en="Switch to Chinese"),
        explanation=Text(zh="用另一种语言显示这个页面。", en="Show this page in the other language."),
    ),
    _button(
        "go_home",
        label=Text(zh="回到首页", en="Back to the start"),
        explanation=Text(zh="回到查询页面。", en="Go back to the look-up page."),
    ),
    _button(
        "reload",
        label=Text(zh="刷新", en="Refresh"),
        explanation=Text(zh="重新读取现在的数字。", en="Read the present numbers again."),
    ),
)

ENTRIES = _WHY_PARTS + _BUTTONS
