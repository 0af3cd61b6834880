"""What is not the provider's: the bill, the failure rules and the sandbox's health, under `/sandbox/`."""

from __future__ import annotations

import os
from typing import Protocol
from urllib.parse import parse_qs

import orjson

from counterfoil.foundation.errors import InputError
from counterfoil.sandbox.bill import Bill
from counterfoil.sandbox.configuration import read_rules
from counterfoil.sandbox.errors import Rejected
from counterfoil.sandbox.model import FailureRule

_JSON = b"application/json"
_CSV = b"text/csv; charset=utf-8"


class Controlled(Protocol):
    """What can be asked and told."""

    bill: Bill

    def use_rules(self, rules: tuple[FailureRule, ...]) -> None: ...


def answer_control(sandbox: Controlled, method: str, path: str, query: bytes, body: bytes) -> tuple[int, bytes, bytes]:
    """Status, content type and body of the answer; raises `Rejected`.

    `bill.csv` takes `bucket_width` (1m, 1h or 1d) and `key` (a name); `bill.json` takes `key` and `rows` (the most rows).
    """
    asked = {name: values[-1] for name, values in parse_qs(query.decode("latin-1")).items()}
    try:
        match method, path:
            case "GET", "/sandbox/health":
                return 200, _JSON, orjson.dumps({"status": "ok", "pid": os.getpid()})
            case "GET", "/sandbox/bill.json":
                rows_max = _read_rows(asked.get("rows"))
                return 200, _JSON, orjson.dumps(sandbox.bill.show(api_key=asked.get("key"), rows_max=rows_max))
            case "GET", "/sandbox/bill.csv":
                text = sandbox.bill.usage_csv(asked.get("bucket_width", "1d"), api_key=asked.get("key"))
                return 200, _CSV, text.encode()
            case "POST", "/sandbox/reset":
                sandbox.bill.reset()
                return 200, _JSON, b'{"reset":true}'
            case "POST", "/sandbox/rules":
                rules = read_rules(orjson.loads(body))
                sandbox.use_rules(rules)
                return 200, _JSON, orjson.dumps({"rules": len(rules)})
    except InputError as error:
        raise Rejected(400, f"{error.parameters['field']}: {error.parameters['reason']}") from error
    except orjson.JSONDecodeError:
        raise Rejected(400, "We could not parse the JSON body of your request.") from None
    raise Rejected(404, f"Invalid URL ({method} {path[:200]})")


def _read_rows(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit():
        raise InputError(field="rows", reason="a whole number is needed")
    return int(text[:12])
