"""What the management API says to whoever may not do something, or sends the same twice at once."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.errors import error
from counterfoil.foundation.vocabulary.model import Owner, Text

ENTRIES = (
    error(
        "permission_missing",
        owner=Owner.TEAM_ADMIN,
        label=Text(zh="缺少权限", en="Permission missing"),
        explanation=Text(
            zh="当前身份的角色或令牌范围里没有这项权限。",
            en="Neither the role nor the token's scopes of whoever asked include this permission.",
        ),
        look=Text(
            zh="错误参数 permission 写明了需要哪一项权限；GET /me 列出当前身份已有的权限。",
            en="The parameter permission names the permission that it takes; GET /me lists those that you have.",
        ),
        change=Text(
            zh="请让有这项权限的人来做，或请管理员调整你的角色；使用令牌时，换一个范围里包含这项权限的令牌。列表请求加上 account_id，就只查自己的账户。",
            en="Ask somebody who has it, or ask an admin for a role that includes it; with a token, use one whose scopes do. A list asked for with your own account_id is about your account only.",
        ),
    ),
    error(
        "session_required",
        owner=Owner.CUSTOMER,
        label=Text(zh="只能由登录的本人操作", en="Session needed"),
        explanation=Text(
            zh="登录、密码、第二步验证和令牌只能由登录的本人管理，不能用令牌管理。",
            en="Sessions, passwords, second factors and tokens are managed by the person who has signed in, not with a token.",
        ),
        look=Text(
            zh="看 Authorization 里是哪一种凭证：登录后得到的会话，还是 REST 令牌或管理令牌。",
            en="See what the Authorization header holds: a session from signing in, or a REST token or the operator's token.",
        ),
        change=Text(
            zh="请先用 POST /session 登录，再带上得到的会话令牌。",
            en="Sign in with POST /session first, and send the session's token that it gives.",
        ),
    ),
    error(
        "idempotency_key_unreadable",
        owner=Owner.CUSTOMER,
        label=Text(zh="Idempotency-Key 无法识别", en="Idempotency-Key not readable"),
        explanation=Text(
            zh="Idempotency-Key 必须是 1 到 255 个可打印的 ASCII 字符。",
            en="An Idempotency-Key is 1 to 255 printable ASCII characters.",
        ),
        change=Text(
            zh="请换一个，例如一个随机的 UUID。",
            en="Use another one, such as a random UUID.",
        ),
    ),
    error(
        "idempotency_key_in_flight",
        owner=Owner.CUSTOMER,
        label=Text(zh="同一个请求还在处理", en="The same request is in progress"),
        explanation=Text(
            zh="带同一个 Idempotency-Key 的同样请求还没有处理完，所以这一次没有执行。",
            en="The same request with this Idempotency-Key has not been answered yet, so this one was not carried out.",
        ),
        look=Text(
            zh="响应头 Retry-After 写明了多少秒后再问。",
            en="The Retry-After header says in how many seconds to ask again.",
        ),
        change=Text(
            zh="请稍后用同一个 Idempotency-Key 再发一次同样的请求，会得到第一次的结果。",
            en="Send the same request with the same Idempotency-Key a little later: it is answered as the first one was.",
        ),
        back=Text(
            zh="第一次的请求照常处理，这一次没有执行，不需要撤销。",
            en="The first request goes on; this one was not carried out, so there is nothing to undo.",
        ),
    ),
)
