"""How each provider says that its customer has run out of money."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson

from counterfoil.sandbox.errors import ErrorReply, anthropic_error, openai_error

_GEMINI_MESSAGE = (
    "Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects"
    " to manage your project and billing."
)


def _json(status: int, body: object) -> ErrorReply:
    return ErrorReply(status=status, headers=[(b"content-type", b"application/json")], body=orjson.dumps(body))


def _openai(_request_id: bytes) -> ErrorReply:
    message = "You exceeded your current quota, please check your plan and billing details."
    return openai_error(429, message, kind="insufficient_quota", code="insufficient_quota", retry=False)


def _deepseek(_request_id: bytes) -> ErrorReply:
    return openai_error(402, "Insufficient Balance", kind="unknown_error", code="invalid_request_error")


def _anthropic(request_id: bytes) -> ErrorReply:
    message = (
        "Your credit balance is too low to access the Anthropic API."
        " Please go to Plans & Billing to upgrade or purchase credits."
    )
    return anthropic_error(400, message, request_id)


def _anthropic_billing(request_id: bytes) -> ErrorReply:
    return anthropic_error(402, "There is an issue with your billing or payment information.", request_id)


def _anthropic_spend_limit(request_id: bytes) -> ErrorReply:
    message = "You have reached your API usage limits. You will regain access at the start of the next month."
    return anthropic_error(429, message, request_id, error_code="enforced_spend_limit_reached")


def _gemini(status: int) -> ErrorReply:
    # Gemini's OpenAI-compatible endpoint wraps its errors in a list.
    return _json(status, [{"error": {"code": status, "message": _GEMINI_MESSAGE, "status": "RESOURCE_EXHAUSTED"}}])


def _openrouter(_request_id: bytes) -> ErrorReply:
    message = "Insufficient credits. Add more using https://openrouter.ai/settings/credits"
    error = {"message": message, "code": 402, "metadata": {"limit_source": "openrouter_credits"}}
    return _json(402, {"error": error, "user_id": "user_sandbox"})


def _new_api(request_id: bytes) -> ErrorReply:
    message = f"用户额度不足, 剩余额度: ＄0.000000 (request id: {request_id.decode()})"
    return openai_error(403, message, kind="new_api_error", param="", code="insufficient_user_quota")


def _litellm(status: int) -> ErrorReply:
    message = "Budget has been exceeded! Current cost: 10.02, Max budget: 10.0"
    return openai_error(status, message, kind="budget_exceeded", code=str(status), retry=False)


FLAVOURS: Mapping[str, Callable[[bytes], ErrorReply]] = {
    "openai": _openai,
    "deepseek": _deepseek,
    "anthropic": _anthropic,
    "anthropic_billing": _anthropic_billing,
    "anthropic_spend_limit": _anthropic_spend_limit,
    "gemini": lambda _request_id: _gemini(402),
    "gemini_429": lambda _request_id: _gemini(429),
    "openrouter": _openrouter,
    "new_api": _new_api,
    "litellm": lambda _request_id: _litellm(400),
    "litellm_429": lambda _request_id: _litellm(429),
}


def out_of_money(flavour: str, request_id: bytes) -> ErrorReply:
    """A provider's answer to a call that it wants paid first."""
    return FLAVOURS[flavour](request_id)
