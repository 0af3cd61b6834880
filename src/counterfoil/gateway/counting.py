"""Counting a call's tokens ourselves, where the upstream does not say: always marked as estimated. Pure."""

from __future__ import annotations

from counterfoil.gateway.model import ParsedCall
from counterfoil.pricing.model import INPUT_KINDS, Kind, Price, Usage
from counterfoil.pricing.usage import estimated

# English is about four bytes to the token; Chinese, at three bytes a character, comes close to it too.
BYTES_PER_TOKEN = 4


def count_locally(
    call: ParsedCall, price: Price, *, text_bytes: int, output_cap: int, known: Usage | None = None
) -> Usage:
    """Usage from the sizes of what went in and came out, never above what was held for.

    `known` is what the upstream had said before it fell silent: its input stands, and its output where it is more.
    """
    output_tokens = -(-text_bytes // BYTES_PER_TOKEN)
    if call.shape.produces_output:
        output_tokens = min(output_tokens, output_cap * call.shape.outputs)
    if known is not None and known.input_tokens:
        counts = {kind: known.counts[kind] for kind in INPUT_KINDS if kind in known.counts}
        output_tokens = max(output_tokens, known.output_tokens)
        return Usage(counts={**counts, Kind.OUTPUT: output_tokens} if output_tokens else counts, estimated=True)
    return estimated(input_tokens=_input_tokens(call, price), output_tokens=output_tokens)


def _input_tokens(call: ParsedCall, price: Price) -> int:
    shape = call.shape
    tokens = -(-call.text_bytes // BYTES_PER_TOKEN)
    tokens += shape.image_parts * price.image_token_bound
    tokens += shape.audio_parts * price.audio_token_bound
    tokens += shape.file_parts * price.file_token_bound
    return min(tokens, price.context_window)
