"""Asking for more than a limit allows: where an ask is, what people are told, and what is wrong with an answer."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.console_entries import problem, word
from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text
from counterfoil.foundation.vocabulary.notifications import told

_LOOK_AT_ASKS = Text(
    zh="在控制台的“提额申请”页，或运行 counterfoil limits asks。",
    en="On the console's page of requests for more, or with counterfoil limits asks.",
)
_LIMITS_STAY = Text(
    zh="提高过的限额可以随时再设回原来的数额。",
    en="A limit that was raised can be set back at any time.",
)


def _state(code: str, *, label: Text, explanation: Text, change: Text) -> Entry:
    return Entry(
        kind=Kind.LIMIT_ASK_STATE,
        code=code,
        owner=Owner.TEAM_ADMIN,
        label=label,
        explanation=explanation,
        next_step=NextStep(where_to_look=_LOOK_AT_ASKS, what_to_change=change, how_to_go_back=_LIMITS_STAY),
    )


_STATES = (
    _state(
        "open",
        label=Text(zh="等待答复", en="waiting"),
        explanation=Text(zh="还没有人答复，限额没有变。", en="Nobody has answered yet; the limit is what it was."),
        change=Text(zh="团队管理员可以提高限额，或者拒绝。", en="A team admin raises the limit or declines."),
    ),
    _state(
        "raised",
        label=Text(zh="已提高", en="raised"),
        explanation=Text(
            zh="限额已经提高；有期限的，到期自动恢复。",
            en="The limit was raised; where that has an end, it goes back by itself.",
        ),
        change=Text(zh="可以重新发送被拒绝的请求。", en="Calls that were refused can be sent again."),
    ),
    _state(
        "declined",
        label=Text(zh="已拒绝", en="declined"),
        explanation=Text(zh="申请没有通过，限额没有变。", en="It was declined; the limit is what it was."),
        change=Text(zh="情况有变时可以再次申请。", en="Ask again when things have changed."),
    ),
)

_TOLD = (
    *told(
        "limit_asked",
        owner=Owner.TEAM_ADMIN,
        subject=Text(zh="{asked_by} 申请提高限额", en="{asked_by} asks for a higher limit"),
        meaning=Text(
            zh="有成员碰到限额，请团队管理员提高；答复之前限额不变。",
            en="A member has met a limit and asks a team admin to raise it; until there is an answer the limit stays.",
        ),
        text=Text(
            zh="账户 {account} 的 {asked_by} 碰到了{window}限额（{unit}），现在最多 {limit}。在答复之前，超出的请求仍会被拒绝。",
            en="{asked_by} of account {account} has met the {window} limit of {unit}, which is {limit}. Until there is an answer, calls beyond it are refused.",
        ),
        sent=Text(
            zh="有成员申请提高限额时发送，每次申请一次。",
            en="Sent when a member asks for a higher limit, once per request.",
        ),
        look=_LOOK_AT_ASKS,
        change=Text(
            zh="请在“提额申请”页提高限额（可以只到某个日期），或说明为什么不提高。",
            en="Raise the limit on the page of requests for more, for a time if you like, or say why not.",
        ),
        back=_LIMITS_STAY,
    ),
    *told(
        "limit_ask_answered",
        subject=Text(zh="提额申请：{answer}", en="Your request for a higher limit: {answer}"),
        meaning=Text(
            zh="团队管理员答复了你的提额申请。",
            en="A team admin has answered your request for a higher limit.",
        ),
        text=Text(
            zh="账户 {account} 的{window}限额（{unit}）：最多 {limit}；期限：{until}。",
            en="The {window} limit of {unit} on account {account}: at most {limit}; until: {until}.",
        ),
        sent=Text(zh="申请得到答复时发给申请人。", en="Sent to whoever asked, when there is an answer."),
        look=_LOOK_AT_ASKS,
        change=Text(
            zh="限额提高后，被拒绝的请求可以重新发送；没有提高时，申请页上写着原因。",
            en="Once a limit is raised, calls that were refused can be sent again; otherwise the page says why it was not.",
        ),
        back=_LIMITS_STAY,
    ),
)

_PROBLEMS = (
    problem(
        "limit_ask_answered_already", "这个申请已经答复过", "This request has been answered",
        "别人已经提高了限额或拒绝了申请；这一次没有任何改动。", "Somebody has raised the limit or declined already; this time nothing was changed.",
        "请刷新页面看结果；还需要改动时，直接设置限额。", "Load the page again to see the answer; to change it, set the limit itself.",
        Owner.TEAM_ADMIN,
    ),
)  # fmt: skip

_WORDS = (
    word("for_good", "永久", "for good", "不会自动恢复。", "It does not go back by itself."),
    word("as_before", "不变", "as before", "限额没有改动。", "The limit was not changed."),
)

ENTRIES: tuple[Entry, ...] = (*_STATES, *_TOLD, *_PROBLEMS, *_WORDS)
