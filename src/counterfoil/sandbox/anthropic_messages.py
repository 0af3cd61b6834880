"""Anthropic's messages, plain and streamed."""

from __future__ import annotations

from counterfoil.sandbox.model import Asked, Reply, Stream, TokenUsage
from counterfoil.sandbox.text import pieces_of, text_of

_INPUT_USAGE = b'"input_tokens":%d,"cache_creation_input_tokens":%d,"cache_read_input_tokens":%d,'
_CACHE_CREATION = b'"cache_creation":{"ephemeral_5m_input_tokens":%d,"ephemeral_1h_input_tokens":%d},'
_OUTPUT_USAGE = b'"output_tokens":%d,"output_tokens_details":{"thinking_tokens":%d}'
_MESSAGE = (
    b'{"id":"%b","type":"message","role":"assistant","model":%b,"content":[%b],"stop_reason":%b,"stop_sequence":null%b}'
)
_TEXT_BLOCK = b'{"type":"text","text":"%b"}'
_EVENT = b'event: %b\ndata: {"type":"%b"%b}\n\n'
_PING = b'event: ping\ndata: {"type":"ping"}\n\n'


def encode_message(_asked: Asked, reply: Reply) -> bytes:
    block = _TEXT_BLOCK % text_of(reply.text_tokens)
    return _MESSAGE % (
        reply.response_id,
        reply.model,
        block,
        _stop_reason(reply),
        _shown(reply, _full_usage(reply.usage)),
    )


def stream_message(_asked: Asked, reply: Reply, pieces_max: int) -> Stream:
    """The events of one message with one text; the last `message_delta` holds the cumulative usage."""
    usage = reply.usage
    first_usage = (
        _usage_start(usage)
        + _cache_creation(usage)
        + b'"output_tokens":%d,"service_tier":"standard"' % min(1, usage.output_tokens)
    )
    message = _MESSAGE % (reply.response_id, reply.model, b"", b"null", _shown(reply, first_usage))
    opening = (
        _event(b"message_start", b',"message":' + message)
        + _event(b"content_block_start", b',"index":0,"content_block":{"type":"text","text":""}')
        + _PING
    )
    pieces = [
        (tokens, _event(b"content_block_delta", b',"index":0,"delta":{"type":"text_delta","text":"%b"}' % text))
        for tokens, text in pieces_of(reply.text_tokens, pieces_max)
    ]
    last_usage = _usage_start(usage) + _OUTPUT_USAGE % (usage.output_tokens, usage.reasoning_tokens)
    delta = b',"delta":{"stop_reason":%b,"stop_sequence":null}%b' % (_stop_reason(reply), _shown(reply, last_usage))
    closing = (
        _event(b"content_block_stop", b',"index":0') + _event(b"message_delta", delta) + _event(b"message_stop", b"")
    )
    return Stream(opening, pieces, closing)


def _full_usage(usage: TokenUsage) -> bytes:
    return (
        _usage_start(usage)
        + _cache_creation(usage)
        + _OUTPUT_USAGE % (usage.output_tokens, usage.reasoning_tokens)
        + b',"service_tier":"standard"'
    )


def _usage_start(usage: TokenUsage) -> bytes:
    written = usage.cache_write_5m_tokens + usage.cache_write_1h_tokens
    # Anthropic counts as input only what was neither read from the cache nor written to it.
    return _INPUT_USAGE % (usage.input_tokens - usage.cached_tokens - written, written, usage.cached_tokens)


def _cache_creation(usage: TokenUsage) -> bytes:
    return _CACHE_CREATION % (usage.cache_write_5m_tokens, usage.cache_write_1h_tokens)


def _shown(reply: Reply, usage: bytes) -> bytes:
    return b',"usage":{%b}' % usage if reply.usage_shown else b""


def _stop_reason(reply: Reply) -> bytes:
    return b'"max_tokens"' if reply.capped else b'"end_turn"'


def _event(name: bytes, fields: bytes) -> bytes:
    return _EVENT % (name, name, fields)
