"""What a call makes the upstream do beyond answering: tools that it runs itself, and whatever has no bound. Pure.

A price is for one answer to what the body holds. Where the upstream adds to it on its own (a conversation that it keeps,
searches, code, other people's servers), only a cap keeps the cost bounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from counterfoil.foundation.errors import InputError
from counterfoil.spend.model import Endpoint

TOOLS_MAX = 512
TOOL_USES_MAX = 1_000

# Input that lies at the upstream, work without an end, servers of others.
_UNBOUNDED: Mapping[Endpoint, tuple[str, ...]] = {
    Endpoint.CHAT_COMPLETIONS: ("web_search_options", "plugins"),
    Endpoint.RESPONSES: ("previous_response_id", "conversation", "background", "prompt", "plugins"),
    Endpoint.MESSAGES: ("mcp_servers", "container"),
}
# Fields with which some upstreams serve another model than the one that is priced.
_OTHER_MODELS = ("models", "fallbacks")
# Faster service at a price that no book has.
_DEARER: Mapping[str, tuple[str, str]] = {
    "service_tier": ("priority", "auto, default, flex"),
    "speed": ("fast", "standard"),
}

# Tools that the caller runs. Everything else is the upstream's, known to us or not.
_OWN_TOOLS = frozenset({"function", "custom", "local_shell", "apply_patch", "computer", "computer_use_preview"})
_OWN_TOOL_PREFIXES = ("bash_", "text_editor_", "computer_", "memory_")
# Run by the upstream, over what the body holds already.
_BOUNDED_PREFIXES = ("tool_search_tool_",)


def refuse_unbounded(endpoint: Endpoint, body: Mapping[str, Any]) -> None:
    """Raise `InputError` for what has no bound or no price, `cost_unbounded` or `bad_request`."""
    for name in _UNBOUNDED.get(endpoint, ()):
        if body.get(name) not in (None, False):
            raise InputError(code="cost_unbounded", feature=name)
    for name in _OTHER_MODELS:
        if body.get(name) is not None:
            raise InputError(problem="field_not_supported", field=name)
    for name, (dearer, allowed) in _DEARER.items():
        if body.get(name) == dearer:
            raise InputError(problem="field_unknown_value", field=name, allowed=allowed)


def count_tool_uses(endpoint: Endpoint, body: Mapping[str, Any]) -> dict[str, int]:
    """The most uses of each hosted tool, by its name in the price book; raises `InputError`."""
    tools = body.get("tools")
    if tools is None:
        return {}
    if not isinstance(tools, list):
        raise InputError(problem="field_wrong_type", field="tools", expected="array")
    if len(tools) > TOOLS_MAX:
        raise InputError(problem="field_too_many", field="tools", most=TOOLS_MAX)
    uses: dict[str, int] = {}
    for tool in tools:
        if type(tool) is not dict:
            raise InputError(problem="field_wrong_type", field="tools", expected="array of objects")
        kind = tool.get("type")
        if kind is None or kind == "function" or kind == "custom":
            continue
        if not isinstance(kind, str):
            raise InputError(problem="field_wrong_type", field="tools.type", expected="string")
        if _is_own(kind, tool):
            continue
        cap = _cap_of(endpoint, body, tool)
        name = _priced_name(endpoint, kind)
        if cap is None:
            raise InputError(code="cost_unbounded", feature=name)
        uses[name] = uses.get(name, 0) + cap
    return uses


def _is_own(kind: str, tool: Mapping[str, Any]) -> bool:
    if kind == "shell":
        environment = tool.get("environment")
        return isinstance(environment, dict) and environment.get("type") == "local"
    return kind in _OWN_TOOLS or kind.startswith(_OWN_TOOL_PREFIXES) or kind.startswith(_BOUNDED_PREFIXES)


def _cap_of(endpoint: Endpoint, body: Mapping[str, Any], tool: Mapping[str, Any]) -> int | None:
    """How often the tool may be used: Anthropic says it per tool, OpenAI's responses for all together."""
    if endpoint is Endpoint.MESSAGES:
        holder, name = tool, "max_uses"
    elif endpoint is Endpoint.RESPONSES:
        holder, name = body, "max_tool_calls"
    else:
        return None
    cap = holder.get(name)
    if cap is None:
        return None
    field = name if holder is body else f"tools.{name}"
    if type(cap) is not int:
        raise InputError(problem="field_wrong_type", field=field, expected="integer")
    if cap < 1:
        raise InputError(problem="field_too_small", field=field, least=1)
    if cap > TOOL_USES_MAX:
        raise InputError(problem="field_too_large", field=field, most=TOOL_USES_MAX)
    return cap


def _priced_name(endpoint: Endpoint, kind: str) -> str:
    """`web_search_20250305` and `web_search_preview` are `web_search`, in words that may be shown and stored."""
    plain = "".join(sign for sign in kind[:60] if sign.isascii() and (sign.isalnum() or sign in "_-"))
    if plain.startswith("web_search"):
        return "web_search"
    if endpoint is Endpoint.MESSAGES:
        stem, _, version = plain.rpartition("_")
        return stem if stem and version.isdecimal() else plain
    return plain or "tool"
