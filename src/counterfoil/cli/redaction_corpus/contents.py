"""Makers of request bodies, pictures, dumps of logs, and what has no class of its own."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable

from counterfoil.cli.redaction_corpus.model import Maker, Planted
from counterfoil.cli.redaction_corpus.signs import Signs

_MARK = "\x00"


def _sentence(signs: Signs) -> str:
    who = signs.one(
        "a fox", "an old captain", "my manager Li", "the tenant in flat 4", "a glass city", "两只猫", "一位老渔夫"
    )
    what = signs.one(
        "dreams of the sea", "refuses to sign", "walks in the rain", "counts the lanterns", "在雨里等车", "给女儿写信"
    )
    return f"{who} {what} {signs.lower(6)}"


def _split(text: str, secret: str) -> Planted:
    before, _, after = text.partition(_MARK)
    return Planted(before=before, secret=secret, after=after)


def _body(template: str) -> Callable[[Signs], Planted]:
    """A body as written by hand: `MARK` is where the content stands."""
    return lambda signs: _split(template.replace("MARK", _MARK), _sentence(signs))


def _json_body(value: object, *, indent: int | None = None) -> Callable[[Signs], Planted]:
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _body(text)


_CHAT = {"model": "gpt-5", "messages": [{"role": "user", "content": "MARK"}], "max_tokens": 200}
_PARTS = {"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": [{"type": "text", "text": "MARK"}]}]}
_ANSWER = {"id": "chatcmpl-1", "choices": [{"index": 0, "message": {"role": "assistant", "content": "MARK"}}]}
_BODIES: dict[str, Callable[[Signs], Planted]] = {
    "chat": _json_body(_CHAT),
    "chat_compact": _body(json.dumps(_CHAT, separators=(",", ":"))),
    "parts": _json_body(_PARTS),
    "answer": _json_body(_ANSWER),
    "prompt": _json_body({"model": "gpt-image-1", "prompt": "MARK", "n": 1, "size": "1024x1024"}),
    "negative": _json_body({"negative_prompt": "MARK", "duration": 5}),
    "system": _json_body({"system": "MARK", "max_tokens": 10}),
    "input": _json_body({"model": "gpt-5", "input": "MARK"}),
    "python": _body("client.chat.completions.create(model='gpt-5', messages=[{'role': 'user', 'content': 'MARK'}])"),
    "python_prompt": _body('client.images.generate(model="gpt-image-1", prompt="MARK", n=2)'),
    "script": _body("fetch(url, {body: JSON.stringify({messages: [{role: 'user', content: 'MARK'}]})})"),
    "curl": _body("curl https://relay.example.com/v1/chat/completions -d '{\"model\":\"gpt-5\",\"q\":\"MARK\"}'"),
    "curl_raw": _body("curl -X POST https://relay.example.com/v1/videos --data-raw '{\"scene\": \"MARK\"}'"),
    "curl_form": _body("curl https://relay.example.com/v1/x --data-urlencode 'q=MARK'"),
    "escaped": _body('{"body": "{\\"messages\\": [{\\"role\\": \\"user\\", \\"content\\": \\"MARK\\"}]}"}'),
    "stream": _body('data: {"choices":[{"delta":{"content":"MARK"}}]}'),
    "tool": _json_body({"tool_calls": [{"function": {"name": "look_up", "arguments": "MARK"}}]}),
    "label_zh": _body("提示词：MARK，请画得暗一些"),
    "label_en": _body("Prompt: MARK in soft light"),
}  # fmt: skip
_BODY_BLOCKS: dict[str, Callable[[Signs], Planted]] = {
    "indented": _json_body(_CHAT, indent=2),
    "yaml": _body("model: gpt-5\nmessages:\n  - role: user\n    content: MARK\ntemperature: 1"),
    "curl_lines": _body(
        "curl https://relay.example.com/v1/chat/completions \\\n  -H 'Content-Type: application/json' \\\n"
        '  -d \'{\n    "model": "gpt-5",\n    "text_in": "MARK"\n  }\''
    ),
}


def _picture(head: bytes, media: str) -> Callable[[Signs], Planted]:
    def make(signs: Signs) -> Planted:
        data = b64encode(head + signs.random.randbytes(180)).decode()
        return Planted(secret=f"data:{media};base64,{data}")

    return make


def _raw_picture(head: bytes) -> Callable[[Signs], Planted]:
    return lambda signs: Planted(secret=b64encode(head + signs.random.randbytes(240)).decode())


_PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"
_IMAGES: dict[str, Callable[[Signs], Planted]] = {
    "png": _picture(_PNG, "image/png"),
    "jpeg": _picture(_JPEG, "image/jpeg"),
    "webp": _picture(b"RIFF\x24\x00\x00\x00WEBPVP8 ", "image/webp"),
    "svg": lambda s: Planted(secret=f"data:image/svg+xml;utf8,<svg><text>{s.alnum(20)}</text></svg>"),
    "raw_png": _raw_picture(_PNG),
    "raw_jpeg": _raw_picture(_JPEG),
    "markdown": lambda s: Planted(secret=f"![付款截图](https://img.example.com/{s.hex(20)}.png)"),
    "html": lambda s: Planted(secret=f'<img src="https://img.example.com/{s.hex(20)}.jpg" alt="order">'),
    "in_body": lambda s: Planted(
        before='"image_url": "',
        secret="data:image/png;base64," + b64encode(s.random.randbytes(150)).decode(),
        after='"',
    ),
}


def _lines(make: Callable[[Signs, int], str], least: int) -> Callable[[Signs], Planted]:
    def block(signs: Signs) -> Planted:
        return Planted(secret="\n".join(make(signs, place) for place in range(least + signs.between(0, 6))))

    return block


def _minute(place: int) -> str:
    return f"2026-11-24 08:{place:02}:11"


_LOGS: dict[str, Callable[[Signs], Planted]] = {
    "plain": _lines(lambda s, n: f"{_minute(n)} INFO relay.router channel {s.between(1, 90)} weight {s.between(1, 9)}", 8),
    "brackets": _lines(lambda s, n: f"[{_minute(n)}] ERROR upstream {s.lower(5)} answered {s.between(400, 599)}", 8),
    "gin": _lines(
        lambda s, n: f"[GIN] 2026/11/24 - 08:{n:02}:03 | 200 | {s.between(1, 900)}ms | 10.0.0.{s.between(2, 250)} | POST /v1/chat", 8,
    ),
    "access": _lines(
        lambda s, n: f'10.0.0.{s.between(2, 250)} - - [24/Nov/2026:08:{n:02}:01 +0800] "POST /v1/messages HTTP/1.1" 402 {s.between(90, 900)}', 8,
    ),
    "json": _lines(
        lambda s, n: json.dumps({"timestamp": f"2026-11-24T08:{n:02}:00Z", "level": "info", "event": "picked", "node": s.lower(6)}), 8,
    ),
    "syslog": _lines(lambda s, n: f"Nov 24 08:{n:02}:30 host7 relay[{s.between(100, 9999)}]: retry {s.lower(8)}", 8),
    "iso": _lines(lambda s, n: f"2026-11-24T08:{n:02}:00.123Z WARN  [{s.lower(5)}] queue is full", 8),
    "docker": _lines(lambda s, n: f"relay-1  | 2026-11-24T08:{n:02}:00Z INFO worker {s.lower(5)} took {s.between(1, 99)} ms", 8),
    "new_api": _lines(lambda s, n: f"[INFO] 2026/11/24 - 08:{n:02}:07 | {s.lower(16)} | 用户 {s.between(1, 99)} 剩余额度充足", 8),
}  # fmt: skip
_WORDS = (
    "abandon", "ability", "able", "about", "above", "absent", "absorb", "abstract", "absurd", "abuse", "access",
    "accident", "accuse", "achieve", "acid", "acoustic", "acquire", "across", "act", "action", "actor", "actress",
)  # fmt: skip
_OTHERS: dict[str, Callable[[Signs], Planted]] = {
    "long": lambda s: Planted(secret="7" + s.digits(22)),
    "long_named": lambda s: Planted(before="编号 ", secret="9" + s.digits(19)),
    "long_17": lambda s: Planted(secret="7" + s.digits(16)),
    "one_time": lambda s: Planted(secret=f"otpauth://totp/Relay:zhang?secret={s.of('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 32)}"),
    "seed_words": lambda s: Planted(before="助记词：", secret=" ".join(s.one(*_WORDS) for _ in range(12))),
    "seed_words_en": lambda s: Planted(before="seed phrase: ", secret=" ".join(s.one(*_WORDS) for _ in range(12))),
}  # fmt: skip
MAKERS: tuple[Maker, ...] = (
    *(Maker(name=f"request_body.{n}", classes=("request_body",), make=make) for n, make in _BODIES.items()),
    *(Maker(name=f"request_body.{n}", classes=("request_body",), make=make, is_block=True) for n, make in _BODY_BLOCKS.items()),
    *(Maker(name=f"image.{n}", classes=("image", "request_body"), make=make) for n, make in _IMAGES.items()),
    *(Maker(name=f"log_dump.{n}", classes=("log_dump",), make=make, is_block=True) for n, make in _LOGS.items()),
    *(Maker(name=f"other.{n}", classes=("other",), make=make) for n, make in _OTHERS.items()),
)  # fmt: skip
