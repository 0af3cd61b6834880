"""The list of models, as OpenAI and as Anthropic give it."""

from __future__ import annotations

import orjson

from counterfoil.sandbox.model import Configuration

# 2025-01-01: the clients want a time, and nothing depends on it.
_CREATED = 1_735_689_600
_CREATED_TEXT = "2025-01-01T00:00:00Z"


def encode_models(configuration: Configuration, *, as_anthropic: bool) -> bytes:
    """The configured models; those with a cost of their own where every model is accepted."""
    names = configuration.models
    if names is None:
        names = tuple(name for name in configuration.costs if name != "*")
    if as_anthropic:
        models = [{"type": "model", "id": name, "display_name": name, "created_at": _CREATED_TEXT} for name in names]
        first, last = (names[0], names[-1]) if names else (None, None)
        return orjson.dumps({"data": models, "has_more": False, "first_id": first, "last_id": last})
    data = [{"id": name, "object": "model", "created": _CREATED, "owned_by": "sandbox"} for name in names]
    return orjson.dumps({"object": "list", "data": data})
