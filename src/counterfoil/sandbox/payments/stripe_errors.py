"""Stripe's refusals, in its own shape."""

from __future__ import annotations

from typing import Any

from counterfoil.sandbox.payments.exchange import Answer, json_answer


class StripeRefusal(Exception):
    """An answer that is an error. `began`: Stripe had started to act, so that an idempotency key keeps the answer."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        began: bool = False,
        more: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(status, code)
        self.status = status
        self.message = message
        self.kind = kind
        self.code = code
        self.param = param
        self.began = began
        self.more = more or {}

    def answer(self) -> Answer:
        error: dict[str, Any] = {"message": self.message, "type": self.kind}
        if self.code is not None:
            error["code"] = self.code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        if self.param is not None:
            error["param"] = self.param
        return json_answer({"error": {**error, **self.more}}, self.status)


def missing(param: str) -> StripeRefusal:
    return StripeRefusal(400, f"Missing required param: {param}.", code="parameter_missing", param=param)


def unknown(param: str) -> StripeRefusal:
    return StripeRefusal(400, f"Received unknown parameter: {param}", code="parameter_unknown", param=param)


def invalid(param: str, reason: str, code: str | None = None) -> StripeRefusal:
    return StripeRefusal(400, reason, code=code, param=param)


def no_such(what: str, named: str, param: str = "id") -> StripeRefusal:
    status = 404 if param == "id" else 400
    return StripeRefusal(status, f"No such {what}: '{named[:80]}'", code="resource_missing", param=param)
