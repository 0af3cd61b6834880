"""One payments sandbox for the tests of a worker, emptied before each; and merchants that sign and verify by themselves.

The merchants' cryptography is written here from the protocols, apart from the sandbox's: what the two agree on is not one
implementation's opinion of itself.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import stripe
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from counterfoil.sandbox.payments.keys import Keys, new_keys
from counterfoil.sandbox.payments.model import SentNotice
from counterfoil.sandbox.payments.process import PaymentsProcess

RETURN_URL = "http://127.0.0.1:9/back"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Received:
    method: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class Receiver:
    """A merchant's address for notices: keeps them, and answers as it is told, then with 200 and `success`."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: list[tuple[int, bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.received.append(Received(self.command, urlsplit(self.path).query, headers, body))
                status, answer = receiver.answers.pop(0) if receiver.answers else (200, b"success")
                self.send_response(status)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, *arguments: object) -> None:
                """Nothing: the tests' output is theirs."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/notify"


def send(url: str, method: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body, dict(headers or {}))
        response = connection.getresponse()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
    finally:
        connection.close()


def verify(public_pem: str, text: bytes, signature: str) -> bool:
    key = load_pem_public_key(public_pem.encode())
    assert isinstance(key, rsa.RSAPublicKey)
    try:
        key.verify(base64.b64decode(signature), text, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _signed(private_pem: str, text: bytes) -> str:
    key = load_pem_private_key(private_pem.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return base64.b64encode(key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode()


@dataclass
class EpayMerchant:
    settings: Mapping[str, str]
    notify_url: str

    def sign(self, fields: Mapping[str, str], key: str | None = None) -> str:
        joined = "&".join(f"{k}={v}" for k, v in sorted(fields.items()) if v and k not in ("sign", "sign_type"))
        return hashlib.md5((joined + (self.settings["key"] if key is None else key)).encode()).hexdigest()

    def form(self, number: str, money: str, **more: str) -> dict[str, str]:
        fields = {
            "pid": self.settings["pid"],
            "type": "alipay",
            "out_trade_no": number,
            "notify_url": self.notify_url,
            "return_url": RETURN_URL,
            "name": "充值 & more",
            "money": money,
            **more,
        }
        return {**fields, "sign": self.sign(fields), "sign_type": "MD5"}

    def link(self, number: str, money: str, **more: str) -> str:
        return f"{self.settings['base_url']}/submit.php?" + urlencode(self.form(number, money, **more))

    def api(self, act: str, number: str, *, method: str = "GET", key: str | None = None, **more: str) -> Any:
        fields = {"pid": self.settings["pid"], "key": key or self.settings["key"], "out_trade_no": number, **more}
        address = f"{self.settings['base_url']}/api.php?act={act}"
        if method == "GET":
            return send(f"{address}&{urlencode(fields)}", "GET").json
        form = {"content-type": "application/x-www-form-urlencoded"}
        return send(address, "POST", urlencode(fields).encode(), form).json

    def told(self, query: str) -> dict[str, str]:
        """The fields of a notice whose signature is right."""
        fields = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=True))
        assert self.sign(fields) == fields["sign"]
        return fields


@dataclass
class AlipayMerchant:
    settings: Mapping[str, str]
    notify_url: str

    def fields(self, method: str, business: Mapping[str, Any], **more: str) -> dict[str, str]:
        fields = {
            "app_id": self.settings["app_id"],
            "method": method,
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": "2025-06-01 12:00:00",
            "version": "1.0",
            "biz_content": json.dumps(business, ensure_ascii=False),
            **more,
        }
        text = "&".join(f"{k}={v}" for k, v in sorted(fields.items()) if v)
        return {**fields, "sign": _signed(self.settings["app_private_key"], text.encode())}

    def link(self, number: str, amount: str, **more: str) -> str:
        business = {
            "out_trade_no": number,
            "total_amount": amount,
            "subject": "充值",
            "product_code": "FAST_INSTANT_TRADE_PAY",
            **more,
        }
        fields = self.fields("alipay.trade.page.pay", business, notify_url=self.notify_url, return_url=RETURN_URL)
        return f"{self.settings['gateway_url']}?{urlencode(fields)}"

    def call(self, method: str, business: Mapping[str, Any]) -> dict[str, Any]:
        return self.read(self.post(self.fields(method, business)), method)

    def post(self, fields: Mapping[str, str]) -> bytes:
        form = {"content-type": "application/x-www-form-urlencoded;charset=utf-8"}
        answer = send(self.settings["gateway_url"], "POST", urlencode(fields).encode(), form)
        assert answer.status == 200
        return answer.body

    def read(self, body: bytes, method: str) -> dict[str, Any]:
        """The answer, whose signature covers the text of its node as it stands in the body."""
        content: dict[str, Any] = json.loads(body)[method.replace(".", "_") + "_response"]
        assert self.is_signed(body)
        return content

    def is_signed(self, body: bytes) -> bool:
        start = body.index(b":") + 1
        text = body[start : body.rindex(b',"sign"')]
        return verify(self.settings["alipay_public_key"], text, json.loads(body)["sign"])

    def told(self, body: bytes) -> dict[str, str]:
        """The fields of a notice whose signature is right."""
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        assert verify(self.settings["alipay_public_key"], self.signed_text(fields), fields["sign"])
        return fields

    def signed_text(self, fields: Mapping[str, str]) -> bytes:
        return "&".join(f"{k}={v}" for k, v in sorted(fields.items()) if k not in ("sign", "sign_type")).encode()


@dataclass
class WechatMerchant:
    settings: Mapping[str, str]
    notify_url: str
    clock_seconds: int | None = None
    nonces: list[str] = field(default_factory=lambda: ["n"])

    def call(self, method: str, target: str, data: object = None) -> tuple[int, Any]:
        """Status and content of an answer whose signature is right."""
        answer = self.send(method, target, data)
        assert self.is_signed(answer.headers, answer.body)
        return answer.status, json.loads(answer.body) if answer.body else None

    def send(self, method: str, target: str, data: object = None, *, key: str | None = None, **other: str) -> Answer:
        body = b"" if data is None else json.dumps(data, ensure_ascii=False).encode()
        timestamp = str(self.clock_seconds or int(time.time()))
        nonce = f"nonce{len(self.nonces)}"
        self.nonces.append(nonce)
        text = f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"
        parts = {
            "mchid": self.settings["merchant_id"],
            "nonce_str": nonce,
            "timestamp": timestamp,
            "serial_no": self.settings["merchant_serial"],
            "signature": _signed(key or self.settings["merchant_private_key"], text),
            **other,
        }
        authorization = "WECHATPAY2-SHA256-RSA2048 " + ",".join(f'{k}="{v}"' for k, v in parts.items())
        headers = {"authorization": authorization, "accept": "application/json", "content-type": "application/json"}
        return send(self.settings["base_url"] + target, method, body or None, headers)

    def start(self, number: str, total: int, **more: Any) -> tuple[int, Any]:
        data = {
            "appid": self.settings["app_id"],
            "mchid": self.settings["merchant_id"],
            "description": "充值",
            "out_trade_no": number,
            "notify_url": self.notify_url,
            "amount": {"total": total, "currency": "CNY"},
            **more,
        }
        return self.call("POST", "/v3/pay/transactions/native", data)

    def query(self, number: str) -> tuple[int, Any]:
        target = f"/v3/pay/transactions/out-trade-no/{number}?mchid={self.settings['merchant_id']}"
        return self.call("GET", target)

    def close(self, number: str) -> tuple[int, Any]:
        target = f"/v3/pay/transactions/out-trade-no/{number}/close"
        return self.call("POST", target, {"mchid": self.settings["merchant_id"]})

    def refund(self, number: str, refund_number: str, amount: int, total: int) -> tuple[int, Any]:
        data = {
            "out_trade_no": number,
            "out_refund_no": refund_number,
            "notify_url": self.notify_url,
            "amount": {"refund": amount, "total": total, "currency": "CNY"},
        }
        return self.call("POST", "/v3/refund/domestic/refunds", data)

    def is_signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        assert headers["wechatpay-serial"] == self.settings["platform_serial"]
        text = f"{headers['wechatpay-timestamp']}\n{headers['wechatpay-nonce']}\n".encode() + body + b"\n"
        return verify(self.settings["platform_public_key"], text, headers["wechatpay-signature"])

    def told(self, headers: Mapping[str, str], body: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
        """A notice whose signature is right, and what was sealed in it."""
        assert self.is_signed(headers, body)
        notice = json.loads(body)
        return notice, self.unseal(notice["resource"])

    def unseal(self, resource: Mapping[str, str]) -> dict[str, Any]:
        assert resource["algorithm"] == "AEAD_AES_256_GCM"
        sealed = base64.b64decode(resource["ciphertext"])
        associated = resource["associated_data"].encode()
        content = AESGCM(self.settings["api_v3_key"].encode()).decrypt(resource["nonce"].encode(), sealed, associated)
        unsealed: dict[str, Any] = json.loads(content)
        return unsealed


@pytest.fixture(scope="session")
def payment_keys() -> Keys:
    return new_keys()


@pytest.fixture(scope="session")
def payments_process(payment_keys: Keys) -> Iterator[PaymentsProcess]:
    with PaymentsProcess({"retry_seconds": [0.02, 0.02, 0.02]}, keys=payment_keys) as process:
        yield process


@pytest.fixture
def payments(payments_process: PaymentsProcess) -> PaymentsProcess:
    payments_process.reset()
    return payments_process


@pytest.fixture
def as_received() -> Callable[[SentNotice], Received]:
    """A function that gives a notice that was made and not sent as it would have arrived."""
    return lambda notice: Received(notice.method, notice.query, notice.headers, notice.body)


@pytest.fixture
def post(payments: PaymentsProcess) -> Callable[[str, object], Answer]:
    """A function that asks the control door without `PaymentsProcess`."""

    def ask(verb: str, data: object) -> Answer:
        return send(f"{payments.url}/sandbox/payments/{verb}", "POST", json.dumps(data).encode())

    return ask


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield receiver
    receiver.server.shutdown()
    thread.join()
    receiver.server.server_close()


@pytest.fixture
def stripe_client(payments: PaymentsProcess) -> stripe.StripeClient:
    settings = payments.providers["stripe"]
    return stripe.StripeClient(settings["api_key"], base_addresses={"api": settings["base_url"]}, max_network_retries=0)


@pytest.fixture
def epay_merchant(payments: PaymentsProcess, receiver: Receiver) -> EpayMerchant:
    return EpayMerchant(payments.providers["epay"], receiver.url)


@pytest.fixture
def alipay_merchant(payments: PaymentsProcess, receiver: Receiver) -> AlipayMerchant:
    return AlipayMerchant(payments.providers["alipay"], receiver.url)


@pytest.fixture
def wechat_merchant(payments: PaymentsProcess, receiver: Receiver) -> WechatMerchant:
    return WechatMerchant(payments.providers["wechat"], receiver.url)
