"""The sandbox's ASGI application: a provider that answers what it is asked to answer.

    POST /v1/chat/completions, /v1/responses, /v1/embeddings, GET /v1/models     as OpenAI
    POST /v1/images/generations, /v1/images/edits, /v1/audio/speech, /v1/audio/transcriptions    as OpenAI
    /v1/videos, /v1/videos/{id}, /v1/videos/{id}/content, …/remix as OpenAI, and …/cancel as others
    POST /v1/messages, GET /v1/models with `anthropic-version`                   as Anthropic
    /sandbox/…: the bill, the rules, the videos and the callbacks, see `control.py`

It is plain ASGI because it shares the cores of a benchmark with what is measured. It keeps no prompt.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping
from typing import Any

from counterfoil.foundation.clock import Clock
from counterfoil.sandbox.anthropic_messages import encode_message, stream_message
from counterfoil.sandbox.asgi import Receive, Send, read_body, send_error, send_whole
from counterfoil.sandbox.asked import read_asked
from counterfoil.sandbox.bill import Bill
from counterfoil.sandbox.call import Call, Route
from counterfoil.sandbox.callbacks import Callbacks
from counterfoil.sandbox.control import answer_control
from counterfoil.sandbox.errors import Rejected, rejection
from counterfoil.sandbox.exchange import REQUEST_ID_CHARACTERS_MAX, Exchange
from counterfoil.sandbox.failures import Rules
from counterfoil.sandbox.media import MEDIA_PATHS, Media
from counterfoil.sandbox.model import Configuration, Endpoint, Rule, UpstreamKey
from counterfoil.sandbox.models_list import encode_models
from counterfoil.sandbox.openai_chat import encode_chat, stream_chat
from counterfoil.sandbox.openai_embeddings import encode_embeddings
from counterfoil.sandbox.openai_responses import encode_response, stream_response
from counterfoil.sandbox.videos import Videos

_ROUTES: Mapping[str, Route] = {
    "/v1/chat/completions": Route(Endpoint.CHAT, b"chatcmpl-", b"x-request-id", encode_chat, stream_chat),
    "/v1/responses": Route(Endpoint.RESPONSES, b"resp_", b"x-request-id", encode_response, stream_response),
    "/v1/embeddings": Route(Endpoint.EMBEDDINGS, b"req_", b"x-request-id", encode_embeddings, None),
    "/v1/messages": Route(Endpoint.MESSAGES, b"msg_", b"request-id", encode_message, stream_message),
}


class SandboxApplication:
    """One upstream, or several that share a process and differ by key."""

    def __init__(self, configuration: Configuration, clock: Clock) -> None:
        self.bill = Bill(configuration.costs)
        self.callbacks = Callbacks(configuration.callbacks, clock)
        self.videos = Videos(
            bill=self.bill,
            callbacks=self.callbacks,
            clock=clock,
            cancelled_running_percent=configuration.cancelled_running_percent,
        )
        self._configuration = configuration
        self._keys = {secret.encode(): key for secret, key in configuration.keys.items()}
        self._models = None if configuration.models is None else frozenset(configuration.models)
        self._media = Media(bill=self.bill, videos=self.videos, models=self._models, clock=clock)
        self._rules = Rules(configuration.rules)
        self._clock = clock
        # Ids must differ between processes and runs: a random start, then a number.
        self._id_start = os.urandom(8).hex().encode()
        self._numbers = itertools.count(1)

    def use_rules(self, rules: tuple[Rule, ...]) -> None:
        """Replace the rules; their counting starts anew."""
        self._rules = Rules(rules)

    async def close(self) -> None:
        """Give up what is still under way to others."""
        self.videos.reset()
        await self.callbacks.close()

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        route = _ROUTES.get(scope["path"])
        headers = dict(scope["headers"])
        digits = b"%b%012x" % (self._id_start, next(self._numbers))
        try:
            body = await read_body(headers, receive)
            if body is None:
                return
            if route is not None and scope["method"] == "POST":
                await self._read_call(route, digits, headers, body, receive, send).serve()
            elif scope["path"].startswith(MEDIA_PATHS):
                await self._media.serve(self._read_exchange(scope, digits, headers, body, receive, send), self._rules)
            else:
                await self._answer_other(scope, digits, headers, body, send)
        except Rejected as rejected:
            self.bill.count_failure(f"rejected:{rejected.status}")
            request_id = b"req_" + digits
            name = b"x-request-id" if route is None else route.request_id_header
            error = rejection(rejected, None if route is None else route.endpoint, request_id)
            await send_error(send, error, (name, request_id))

    def _read_call(
        self,
        route: Route,
        digits: bytes,
        headers: Mapping[bytes, bytes],
        body: bytes,
        receive: Receive,
        send: Send,
    ) -> Call:
        endpoint = route.endpoint
        key = self._authenticate(headers)
        if endpoint is Endpoint.MESSAGES and b"anthropic-version" not in headers:
            raise Rejected(400, "anthropic-version: header is required")
        asked = read_asked(endpoint, body, headers)
        if self._models is not None and asked.model not in self._models:
            raise Rejected(404, _unknown_model(endpoint, asked.model), code="model_not_found")
        failure = asked.failure
        if failure is None or failure.key not in (None, key.name):
            failure = self._rules.choose(model=asked.model, endpoint=endpoint, key=key.name)
        return Call(
            route=route,
            asked=asked,
            key=key,
            failure=failure,
            digits=digits,
            caller_request_id=headers.get(b"x-request-id", b"")[:REQUEST_ID_CHARACTERS_MAX].decode("latin-1"),
            receive=receive,
            send=send,
            bill=self.bill,
            clock=self._clock,
        )

    def _read_exchange(
        self,
        scope: Mapping[str, Any],
        digits: bytes,
        headers: Mapping[bytes, bytes],
        body: bytes,
        receive: Receive,
        send: Send,
    ) -> Exchange:
        return Exchange(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"],
            headers=headers,
            body=body,
            key=self._authenticate(headers),
            digits=digits,
            receive=receive,
            send=send,
        )

    async def _answer_other(
        self, scope: Mapping[str, Any], digits: bytes, headers: Mapping[bytes, bytes], body: bytes, send: Send
    ) -> None:
        method, path = scope["method"], scope["path"]
        if path.startswith("/sandbox/"):
            status, content_type, content = answer_control(self, method, path, scope["query_string"], body)
            await send_whole(send, status, [(b"content-type", content_type)], content)
        elif path == "/v1/models" and method == "GET":
            self._authenticate(headers)
            models = encode_models(self._configuration, as_anthropic=b"anthropic-version" in headers)
            own = [(b"content-type", b"application/json"), (b"x-request-id", b"req_" + digits)]
            await send_whole(send, 200, own, models)
        else:
            raise Rejected(404, f"Invalid URL ({method} {path[:200]})")

    def _authenticate(self, headers: Mapping[bytes, bytes]) -> UpstreamKey:
        presented = headers.get(b"x-api-key")
        if presented is None:
            scheme, _, presented = headers.get(b"authorization", b"").partition(b" ")
            if scheme.lower() != b"bearer" or not presented:
                raise Rejected(401, "You didn't provide an API key.")
        key = self._keys.get(presented.strip())
        if key is None:
            raise Rejected(401, "Incorrect API key provided.", code="invalid_api_key")
        return key


def _unknown_model(endpoint: Endpoint, model: str) -> str:
    if endpoint is Endpoint.MESSAGES:
        return f"model: {model}"
    return f"The model `{model}` does not exist or you do not have access to it."
