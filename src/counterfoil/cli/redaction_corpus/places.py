"""Where people put what they should not: sentences, JSON, code, logs, tables, between signs of every kind."""

from __future__ import annotations

import json

# The secret stands where the mark is.
MARK = "\x00"
SENTENCES = (
    f"{MARK}",
    f"It stopped working yesterday, see {MARK} and please have a look.",
    f"here it is ({MARK}).",
    f"Hello, {MARK}. Thanks!",
    f"first line\n{MARK}\nlast line",
    f"> {MARK}\n\nquoted from my mail",
    f"- {MARK}\n- 402 since noon",
    f"`{MARK}`",
    f"```\n{MARK}\n```",
    f"\u201c{MARK}\u201d is what I sent",
    f"| note | {MARK} | 402 |",
    f"a\t{MARK}\tb",
    f"<p>{MARK}</p>",
    f"**{MARK}**",
    f"line one\r\n{MARK}\r\n",
    f"caf\u00e9 {MARK} na\u00efve",
    f"2026-11-24T08:00:00.123Z ERROR call failed: {MARK} status=402",
    f"请帮我看看{MARK}，谢谢",
    f"（{MARK}）",
    f"「{MARK}」报错了",
    f"充值没到账，信息是{MARK}。麻烦查一下",
    f"【{MARK}】",
    f"你好！{MARK}；一直报402",
    f"第一行\n{MARK}\n第三行",
    f"①{MARK}②",
    f"😀{MARK}😀",
    f"我的信息、{MARK}、都在这里了",
    f"\u3000\u3000{MARK}\u3000",
)
QUOTED = (f'{{"note": "{MARK}", "n": 1}}', f'["{MARK}", 402]', f'{{"备注":"{MARK}"}}', f'print("{MARK}")')
BLOCKS = (
    f"{MARK}",
    f"Here is what I see:\n\n{MARK}\n\nPlease check.",
    f"```\n{MARK}\n```",
    f"日志如下：\n{MARK}\n麻烦看一下",
    f"before\r\n{MARK}\r\nafter",
)
# Of twenty texts with the same secret, so many are quoted in JSON, full-width, or broken up by invisible signs.
_INVISIBLE = ("\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad")


def quote(text: str) -> str:
    """The text as it stands inside a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def widen(text: str) -> str:
    """In full-width forms, as a Chinese keyboard types them."""
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)


def widen_digits(text: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) if "0" <= sign <= "9" else sign for sign in text)


def break_up(text: str, place: int) -> str:
    """With an invisible sign after every few signs, as some pages and chats insert them."""
    sign = _INVISIBLE[place % len(_INVISIBLE)]
    return sign.join(text[start : start + 5] for start in range(0, len(text), 5))
