"""OpenAI's embeddings: the same vector of unit length for every input."""

from __future__ import annotations

import base64
import math
import struct
from functools import lru_cache

import orjson

from counterfoil.sandbox.model import Asked, Reply

_LIST = b'{"object":"list","data":[%b],"model":%b%b}'
_EMBEDDING = b'{"object":"embedding","index":%d,"embedding":%b}'


def encode_embeddings(asked: Asked, reply: Reply) -> bytes:
    vector = _vector(asked.dimensions, asked.base64)
    data = b",".join([_EMBEDDING % (index, vector) for index in range(asked.inputs)])
    tokens = reply.usage.input_tokens
    usage = b',"usage":{"prompt_tokens":%d,"total_tokens":%d}' % (tokens, tokens) if reply.usage_shown else b""
    return _LIST % (data, reply.model, usage)


@lru_cache(maxsize=64)
def _vector(dimensions: int, as_base64: bool) -> bytes:
    # Eight decimals are what the real ones have, about.
    values = [round(1 / math.sqrt(dimensions), 8)] * dimensions
    if as_base64:
        return orjson.dumps(base64.b64encode(struct.pack(f"<{dimensions}f", *values)).decode())
    return orjson.dumps(values)
