"""The payments sandbox in a process of its own, for tests and the demo."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, Self
from urllib.parse import urlencode, urlsplit

import orjson

from counterfoil.foundation.errors import Unavailable
from counterfoil.sandbox.payments.keys import Keys, merchant_side, new_keys, write_keys
from counterfoil.sandbox.payments.model import Amount, SentNotice
from counterfoil.sandbox.process import (
    HOST,
    REQUEST_TIMEOUT_SECONDS,
    SAID_BYTES_MAX,
    START_TIMEOUT_SECONDS,
    STOP_TIMEOUT_SECONDS,
)

_POLL_SECONDS = 0.02
_Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a browser got."""

    status: int
    text: str
    location: str | None


class PaymentsProcess:
    """Starts the payments sandbox on a free port and stops it; a context manager. It ends by itself when this process dies.

    `configuration` is what `payments.configuration` reads; keys are made new unless `keys` are given. `providers` has all
    that a merchant configures, by provider. Every verb raises `Unavailable` with what the sandbox said where it refuses.
    """

    def __init__(self, configuration: Mapping[str, Any] | None = None, *, keys: Keys | None = None) -> None:
        self.keys = keys or new_keys()
        self._configuration = {**(configuration or {}), "keys": write_keys(self.keys)}
        self._process: subprocess.Popen[bytes] | None = None
        self._reserved: socket.socket | None = None
        self._errors: IO[bytes] | None = None
        self._port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._port}"

    @property
    def port(self) -> int:
        return self._port

    @property
    def pid(self) -> int:
        if self._process is None:
            raise Unavailable(reason="the payments sandbox is not running")
        return self._process.pid

    @property
    def providers(self) -> dict[str, dict[str, str]]:
        return merchant_side(self.keys, self.url)

    def start(self) -> None:
        """Start it and wait until it answers; raises `Unavailable` with what it has said."""
        self._reserved = _reserve_port()
        self._port = self._reserved.getsockname()[1]
        # A file and no pipe: nobody reads while the process runs.
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        command = [sys.executable, "-m", "counterfoil.sandbox.payments", "--port", str(self._port)]
        self._process = subprocess.Popen(  # noqa: S603
            [*command, "--config", "-", "--parent", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
        )
        try:
            self._send_configuration(self._process)
            self._wait_until_it_answers(self._process)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop it; does nothing if it is not running."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for each in (self._reserved, self._errors):
            if each is not None:
                each.close()
        self._reserved = self._errors = None

    # -- what a customer does

    def open(self, url: str, *, form: Mapping[str, str] | None = None) -> Opened:
        """Open a page of a provider as a browser does, or post a form to it; it must be this sandbox's."""
        parts = urlsplit(url)
        if parts.netloc != f"{HOST}:{self._port}":
            raise Unavailable(reason="this address is not the payments sandbox's")
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        body = None if form is None else urlencode(form).encode()
        headers = {} if form is None else {"content-type": "application/x-www-form-urlencoded"}
        status, location, content = self._exchange("GET" if form is None else "POST", target, body, headers)
        return Opened(status=status, text=content.decode(), location=location)

    def pay(
        self,
        provider: str,
        order_number: str,
        *,
        amount: Amount | None = None,
        payer: str | None = None,
        extra: Mapping[str, Any] | None = None,
        delayed: bool = False,
        even_if_closed: bool = False,
        send: bool = True,
    ) -> list[_Json]:
        """The customer pays, perhaps another amount (in the provider's units); the events of it.

        `delayed`: the money is on its way (Stripe), or the customer has only signed in (Alipay); pay again to end it.
        """
        asked = {"amount": amount, "payer": payer, "extra": extra, "delayed": delayed, "even_if_closed": even_if_closed}
        return self._events("pay", provider, order_number, send, **asked)

    def fail_payment(self, provider: str, order_number: str, *, send: bool = True) -> list[_Json]:
        """A try to pay fails (Stripe, WeChat Pay)."""
        return self._events("fail", provider, order_number, send)

    def close_payment(self, provider: str, order_number: str, *, send: bool = True) -> list[_Json]:
        """The session expires, the trade is closed: it cannot be paid any more."""
        return self._events("close", provider, order_number, send)

    def finish(self, provider: str, order_number: str, *, send: bool = True) -> list[_Json]:
        """The time for refunds is over (Alipay), which is told like a payment."""
        return self._events("finish", provider, order_number, send)

    # -- what happens on the provider's own pages

    def refund(self, provider: str, order_number: str, *, amount: Amount | None = None, send: bool = True) -> str:
        """Somebody refunds there; the number of the refund."""
        asked = {"provider": provider, "order_number": order_number, "amount": amount, "send": send}
        number: str = self._post("refund", asked)["refund_number"]
        return number

    def settle_refund(self, provider: str, refund_number: str, outcome: str, *, send: bool = True) -> list[_Json]:
        """Decide a pending refund: succeeded or failed."""
        asked = {"provider": provider, "refund_number": refund_number, "outcome": outcome, "send": send}
        events: list[_Json] = self._post("settle_refund", asked)["events"]
        return events

    def dispute(
        self, provider: str, order_number: str, outcome: str, *, amount: Amount | None = None, send: bool = True
    ) -> list[_Json]:
        """Stripe only: a dispute is opened, won or lost."""
        return self._events("dispute", provider, order_number, send, outcome=outcome, amount=amount)

    # -- notices

    def notify(
        self,
        provider: str,
        order_number: str,
        *,
        event: str = "paid",
        times: int = 1,
        delay_seconds: float = 0,
        send: bool = True,
        key: str = "right",
        tamper: str = "nothing",
        stale_seconds: int = 0,
        amount: Amount | None = None,
        currency: str | None = None,
        order_number_override: str | None = None,
        merchant: str | None = None,
        extra: Mapping[str, Any] | None = None,
        signed_at: int | None = None,
        url: str | None = None,
    ) -> list[SentNotice]:
        """The notices of an event, sent as well, unless `send` is false. What is forged, and how, is `model.Forgery`.

        `event` is a happening (`model.Happening`), the provider's own word, or an event's id; a payment is told of before it
        has happened, too. `url` sends it elsewhere. With `send`, `signed_at` left out means the time of each try.
        """
        asked = {
            "provider": provider,
            "order_number": order_number,
            "event": event,
            "times": times,
            "delay_seconds": delay_seconds,
            "send": send,
            "key": key,
            "tamper": tamper,
            "stale_seconds": stale_seconds,
            "amount": amount,
            "currency": currency,
            "order_number_override": order_number_override,
            "merchant": merchant,
            "extra": extra,
            "signed_at": signed_at,
            "url": url,
        }
        return [
            SentNotice(**{**notice, "body": notice["body"].encode()})
            for notice in self._post("notify", asked)["notices"]
        ]

    def notices(self, provider: str | None = None, order_number: str | None = None) -> list[_Json]:
        """What was sent, oldest first: each with its `answers` (status and body), whether `accepted` and `done`."""
        notices: list[_Json] = self._list("notices", provider, order_number)["notices"]
        return notices

    def settled(self, timeout_seconds: float = 30.0) -> list[_Json]:
        """Wait until no notice is under way; what was sent. Raises `Unavailable` where some still are."""
        until = time.monotonic() + timeout_seconds
        while (shown := self._list("notices", None, None))["under_way"]:
            if time.monotonic() > until:
                raise Unavailable(reason="notices are still under way", under_way=shown["under_way"])
            time.sleep(_POLL_SECONDS)
        notices: list[_Json] = shown["notices"]
        return notices

    def hold(self, provider: str, held: bool = True) -> None:
        """From now on, record what happens and send no notices of it by themselves."""
        self._post("hold", {"provider": provider, "held": held})

    def use_webhook(self, url: str | None) -> None:
        """Where Stripe's events go; the others are told with each order."""
        self._post("webhook", {"url": url})

    # -- how it behaves

    def use_rules(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """Replace the rules by which calls fail, see `failures`."""
        self._post("rules", list(rules))

    def use_refunds(self, provider: str, outcome: str) -> None:
        """What becomes of refunds from now on: succeeded, pending or failed (epay refuses what is not to succeed)."""
        self._post("refunds", {"provider": provider, "outcome": outcome})

    def use_clock(self, now: int | None) -> None:
        """Stand still at that time (UTC microseconds), or None: go with the real one."""
        self._post("clock", {"now": now})

    def reset(self) -> None:
        """Forget orders, notices and rules; keys stay."""
        self._post("reset", {})

    # -- what it knows

    def orders(self, provider: str | None = None, order_number: str | None = None) -> list[_Json]:
        orders: list[_Json] = self._list("orders", provider, order_number)["orders"]
        return orders

    def order(self, provider: str, order_number: str) -> _Json:
        """The newest order of that number; raises `Unavailable` where there is none."""
        found = self.orders(provider, order_number)
        if not found:
            raise Unavailable(reason="the payments sandbox knows no such order")
        return found[-1]

    def events(self, provider: str | None = None, order_number: str | None = None) -> list[_Json]:
        """What has happened, sent or not, oldest first."""
        events: list[_Json] = self._list("events", provider, order_number)["events"]
        return events

    def calls(self, provider: str) -> dict[str, int]:
        """How often each endpoint was called: start, query, close, refund, query_refund, other."""
        calls: dict[str, int] = self._list("calls", None, None)["calls"][provider]
        return calls

    def said(self) -> str:
        """The end of what the process has written to standard error."""
        if self._errors is None:
            return ""
        # The process shares the position in the file: reading must not move it.
        size = os.fstat(self._errors.fileno()).st_size
        start = max(0, size - SAID_BYTES_MAX)
        return os.pread(self._errors.fileno(), size - start, start).decode(errors="replace").strip()

    def _events(self, verb: str, provider: str, order_number: str, send: bool, **more: object) -> list[_Json]:
        asked = {"provider": provider, "order_number": order_number, "send": send, **more}
        events: list[_Json] = self._post(verb, asked)["events"]
        return events

    def _list(self, what: str, provider: str | None, order_number: str | None) -> _Json:
        asked = {"provider": provider, "order_number": order_number}
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        return self._ask("GET", f"{what}?{query}", None)

    def _post(self, verb: str, data: object) -> _Json:
        return self._ask("POST", verb, orjson.dumps(data))

    def _ask(self, method: str, verb: str, body: bytes | None) -> _Json:
        status, _, content = self._exchange(method, f"/sandbox/payments/{verb}", body, {})
        if status != 200:
            raise Unavailable(reason=f"the payments sandbox answered {status}", answer=content[:500].decode())
        answer: _Json = orjson.loads(content)
        return answer

    def _exchange(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, str | None, bytes]:
        connection = http.client.HTTPConnection(HOST, self._port, timeout=REQUEST_TIMEOUT_SECONDS)
        try:
            connection.request(method, target, body, dict(headers))
            response = connection.getresponse()
            return response.status, response.getheader("location"), response.read()
        finally:
            connection.close()

    def _send_configuration(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdin is None:
            return
        try:
            process.stdin.write(orjson.dumps(self._configuration))
            process.stdin.close()
        except BrokenPipeError:
            # It has ended already; waiting for it tells why.
            pass

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + START_TIMEOUT_SECONDS
        while process.poll() is None and time.monotonic() < until:
            try:
                if self._list("health", None, None)["pid"] == process.pid:
                    return
            except OSError:
                pass
            time.sleep(_POLL_SECONDS)
        raise Unavailable(reason="the payments sandbox does not start", said=self.said())


def _reserve_port() -> socket.socket:
    """A socket that is bound to a free port and never listens: the server shares the port, and nobody else is given it."""
    reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    reserved.bind((HOST, 0))
    return reserved
