"""OpenAI's responses, plain and streamed."""

from __future__ import annotations

from counterfoil.sandbox.model import Asked, Reply, Stream, TokenUsage
from counterfoil.sandbox.text import pieces_of, text_of

_USAGE = (
    b'{"input_tokens":%d,"input_tokens_details":{"cached_tokens":%d,"cache_write_tokens":%d},"output_tokens":%d,'
    b'"output_tokens_details":{"reasoning_tokens":%d},"total_tokens":%d}'
)
_RESPONSE = (
    b'{"id":"%b","object":"response","created_at":%d,"status":"%b","background":false,"completed_at":%b,'
    b'"error":null,"incomplete_details":%b,"instructions":null,"max_output_tokens":%b,"max_tool_calls":null,'
    b'"model":%b,"output":[%b],"parallel_tool_calls":true,"previous_response_id":null,'
    b'"reasoning":{"effort":null,"summary":null},"service_tier":"default","store":true,"temperature":1.0,'
    b'"text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[],"top_p":1.0,"truncation":"disabled",%b'
    b'"user":null,"metadata":{}}'
)
_ITEM = b'{"id":"msg_%b","type":"message","status":"%b","content":[%b],"role":"assistant"}'
_PART = b'{"type":"output_text","annotations":[],"logprobs":[],"text":"%b"}'
_EVENT = b'event: %b\ndata: {"type":"%b","sequence_number":%d,%b}\n\n'
_PLACE = b'"item_id":"msg_%b","output_index":0,"content_index":0,'


def encode_response(asked: Asked, reply: Reply) -> bytes:
    status = _final_status(reply)
    item = _ITEM % (_digits(reply), status, _PART % text_of(reply.text_tokens))
    return _encode(asked, reply, status, item)


def stream_response(asked: Asked, reply: Reply, pieces_max: int) -> Stream:
    """The events of one response with one message of one text, numbered in order."""
    digits = _digits(reply)
    place = _PLACE % digits
    empty = _encode(asked, reply, b"in_progress", b"")
    opening = (
        _event(b"response.created", 0, b'"response":' + empty)
        + _event(b"response.in_progress", 1, b'"response":' + empty)
        + _event(b"response.output_item.added", 2, b'"output_index":0,"item":' + _ITEM % (digits, b"in_progress", b""))
        + _event(b"response.content_part.added", 3, place + b'"part":' + _PART % b"")
    )
    pieces = []
    number = 4
    for tokens, text in pieces_of(reply.text_tokens, pieces_max):
        pieces.append(
            (tokens, _event(b"response.output_text.delta", number, place + b'"delta":"%b","logprobs":[]' % text))
        )
        number += 1
    text = text_of(reply.text_tokens)
    status = _final_status(reply)
    part = _PART % text
    item = _ITEM % (digits, status, part)
    closing = (
        _event(b"response.output_text.done", number, place + b'"text":"%b","logprobs":[]' % text)
        + _event(b"response.content_part.done", number + 1, place + b'"part":' + part)
        + _event(b"response.output_item.done", number + 2, b'"output_index":0,"item":' + item)
        + _event(b"response." + status, number + 3, b'"response":' + _encode(asked, reply, status, item))
    )
    return Stream(opening, pieces, closing)


def _encode(asked: Asked, reply: Reply, status: bytes, output: bytes) -> bytes:
    ended = status != b"in_progress"
    shown = encode_usage(reply.usage) if ended else b"null"
    return _RESPONSE % (
        reply.response_id,
        reply.created,
        status,
        b"%d" % reply.created if status == b"completed" else b"null",
        b'{"reason":"max_output_tokens"}' if status == b"incomplete" else b"null",
        b"null" if asked.output_cap is None else b"%d" % asked.output_cap,
        reply.model,
        output,
        b'"usage":%b,' % shown if reply.usage_shown or not ended else b"",
    )


def encode_usage(usage: TokenUsage) -> bytes:
    return _USAGE % (
        usage.input_tokens,
        usage.cached_tokens,
        usage.cache_write_5m_tokens + usage.cache_write_1h_tokens,
        usage.output_tokens,
        usage.reasoning_tokens,
        usage.input_tokens + usage.output_tokens,
    )


def _final_status(reply: Reply) -> bytes:
    return b"incomplete" if reply.capped else b"completed"


def _digits(reply: Reply) -> bytes:
    return reply.response_id.rpartition(b"_")[2]


def _event(name: bytes, number: int, fields: bytes) -> bytes:
    return _EVENT % (name, name, number, fields)
