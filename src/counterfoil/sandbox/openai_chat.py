"""OpenAI's chat completions, plain and streamed."""

from __future__ import annotations

from counterfoil.sandbox.model import Asked, Reply, Stream, TokenUsage
from counterfoil.sandbox.text import pieces_of, text_of

_USAGE = (
    b'{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,'
    b'"prompt_tokens_details":{"cached_tokens":%d,"cache_write_tokens":%d,"audio_tokens":0},'
    b'"completion_tokens_details":{"reasoning_tokens":%d,"audio_tokens":0,'
    b'"accepted_prediction_tokens":%d,"rejected_prediction_tokens":%d}}'
)
_COMPLETION = (
    b'{"id":"%b","object":"chat.completion","created":%d,"model":%b,"choices":[%b],%b'
    b'"service_tier":"default","system_fingerprint":"fp_sandbox"}'
)
_CHOICE = (
    b'{"index":%d,"message":{"role":"assistant","content":"%b","refusal":null,"annotations":[]},'
    b'"logprobs":null,"finish_reason":"%b"}'
)
_CHUNK_START = (
    b'data: {"id":"%b","object":"chat.completion.chunk","created":%d,"model":%b,'
    b'"service_tier":"default","system_fingerprint":"fp_sandbox","choices":['
)
_DELTA = b'{"index":%d,"delta":%b,"logprobs":null,"finish_reason":%b}'
_FIRST_DELTA = b'{"role":"assistant","content":"","refusal":null}'
_DONE = b"data: [DONE]\n\n"


def encode_chat(asked: Asked, reply: Reply) -> bytes:
    text = text_of(reply.text_tokens)
    finish = b"length" if reply.capped else b"stop"
    if asked.choices == 1:
        choices = _CHOICE % (0, text, finish)
    else:
        choices = b",".join([_CHOICE % (index, text, finish) for index in range(asked.choices)])
    usage = b'"usage":%b,' % encode_usage(reply.usage) if reply.usage_shown else b""
    return _COMPLETION % (reply.response_id, reply.created, reply.model, choices, usage)


def stream_chat(asked: Asked, reply: Reply, pieces_max: int) -> Stream:
    """The chunks: every choice's role, its text piece by piece, its end, and the usage where it was asked for."""
    start = _CHUNK_START % (reply.response_id, reply.created, reply.model)
    # With `include_usage`, every chunk but the last has the field, as null.
    end = b'],"usage":null}\n\n' if asked.include_usage else b"]}\n\n"
    finish = b'"length"' if reply.capped else b'"stop"'

    def chunks(delta: bytes, finish_reason: bytes) -> bytes:
        return b"".join([start + _DELTA % (index, delta, finish_reason) + end for index in range(asked.choices)])

    pieces = [
        (tokens, chunks(b'{"content":"%b"}' % text, b"null"))
        for tokens, text in pieces_of(reply.text_tokens, pieces_max)
    ]
    closing = chunks(b"{}", finish)
    if asked.include_usage and reply.usage_shown:
        closing += start + b'],"usage":%b}\n\n' % encode_usage(reply.usage)
    return Stream(chunks(_FIRST_DELTA, b"null"), pieces, closing + _DONE)


def encode_usage(usage: TokenUsage) -> bytes:
    return _USAGE % (
        usage.input_tokens,
        usage.output_tokens,
        usage.input_tokens + usage.output_tokens,
        usage.cached_tokens,
        usage.cache_write_5m_tokens + usage.cache_write_1h_tokens,
        usage.reasoning_tokens,
        usage.accepted_prediction_tokens,
        usage.rejected_prediction_tokens,
    )
