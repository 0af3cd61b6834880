"""The payments sandbox as a process: it starts, stops, and does not outlive its parent."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

import counterfoil.sandbox.payments
from counterfoil.foundation.errors import InputError, Unavailable
from counterfoil.sandbox.payments import epay
from counterfoil.sandbox.payments.configuration import read_configuration
from counterfoil.sandbox.payments.keys import Keys, write_keys
from counterfoil.sandbox.payments.process import PaymentsProcess
from counterfoil.sandbox.payments.serve import serve_payments

PARENT = """
import time
from counterfoil.sandbox.payments.process import PaymentsProcess
process = PaymentsProcess()
process.start()
print(process.port, flush=True)
time.sleep(600)
"""


def answers(port: int, host: str = "127.0.0.1") -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return False
    return True


def test_it_dies_with_its_parent() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        port = int(parent.stdout.readline())
        assert answers(port)
        os.kill(parent.pid, signal.SIGKILL)

    until = time.monotonic() + 20
    while answers(port):
        assert time.monotonic() < until, "the payments sandbox still answers"
        time.sleep(0.05)


def test_it_stops_with_calls_and_notices_under_way(payment_keys: Keys) -> None:
    with PaymentsProcess({"retry_seconds": [600]}, keys=payment_keys) as process:
        port = process.port
        process.use_rules([{"fail": "timeout:120000"}])
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(b"GET /v1/charges HTTP/1.1\r\nhost: x\r\n\r\n")
        until = time.monotonic() + 20
        while not process.calls("stripe"):
            assert time.monotonic() < until
            time.sleep(0.02)
        started = time.monotonic()

    assert time.monotonic() - started < 4
    assert not answers(port)
    connection.close()


def test_it_listens_on_this_machine_only(payments: PaymentsProcess) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        # No packet is sent: it tells which address of this machine faces others.
        other.connect(("192.0.2.1", 9))
        address = other.getsockname()[0]
    assert answers(payments.port)
    assert address.startswith("127.") or not answers(payments.port, address)


def test_what_a_merchant_configures_can_be_asked_for(payments: PaymentsProcess) -> None:
    page = payments.open(f"{payments.url}/sandbox/payments/providers")

    assert orjson.loads(page.text) == payments.providers
    assert payments.providers.keys() == {"stripe", "epay", "alipay", "wechat"}


def test_a_stopped_process_can_be_started_again_with_its_keys(payment_keys: Keys) -> None:
    process = PaymentsProcess(keys=payment_keys)
    process.start()
    first = process.providers["epay"]["key"]
    process.stop()
    process.stop()
    with pytest.raises(Unavailable):
        _ = process.pid
    with process:
        assert process.providers["epay"]["key"] == first
        assert process.orders() == []


def test_a_wrong_configuration_is_named(payment_keys: Keys) -> None:
    with pytest.raises(Unavailable) as refused, PaymentsProcess({"hold": ["paypal"]}, keys=payment_keys):
        pass

    assert "hold: a list of stripe" in refused.value.parameters["said"]


def test_it_does_not_share_a_port(payments: PaymentsProcess, payment_keys: Keys) -> None:
    configuration = read_configuration({"keys": write_keys(payment_keys)})
    for port in (payments.port, 0, 65_536):
        with pytest.raises(InputError) as refused:
            serve_payments(port=port, configuration=configuration, parent_pid=None)
        assert refused.value.parameters["field"] == "port"


@pytest.mark.parametrize(
    "change",
    [
        {"ports": [1]},
        {"keys": {}},
        {"keys": None},
        {"webhook_url": 5},
        {"hold": "stripe"},
        {"hold": ["paypal"]},
        {"retry_seconds": 5},
        {"retry_seconds": [-1]},
        {"retry_seconds": [True]},
        {"retry_seconds": [0] * 51},
        {"now": "soon"},
        {"now": -1},
    ],
)
def test_a_configuration_that_is_not_understood_is_refused(payment_keys: Keys, change: dict[str, object]) -> None:
    complete = {"keys": write_keys(payment_keys), "hold": ["stripe"], "retry_seconds": [0.5], "now": 0}
    assert read_configuration(complete).retry_seconds == (0.5,)
    with pytest.raises(InputError):
        read_configuration({**complete, **change})


def test_a_reset_is_back_at_the_configuration(payment_keys: Keys) -> None:
    with PaymentsProcess({"hold": ["epay"], "now": 1_800_000_000_000_000}, keys=payment_keys) as process:

        def paid() -> tuple[int, list[dict[str, Any]]]:
            fields = {"pid": payment_keys.epay.pid, "type": "alipay", "out_trade_no": "order-1", "money": "1.00"}
            fields |= {"notify_url": "http://127.0.0.1:9/", "return_url": "http://127.0.0.1:9/", "name": "credit"}
            form = {**fields, "sign": epay.sign(fields, payment_keys.epay.key), "sign_type": "MD5"}
            process.open(f"{process.url}/submit.php", form=form)
            (event,) = process.pay("epay", "order-1")
            return event["at"], process.notices()

        assert paid() == (1_800_000_000, [])
        process.reset()
        process.hold("epay", held=False)
        process.use_clock(None)
        at, notices = paid()
        assert at != 1_800_000_000
        assert len(notices) == 1

        process.reset()

        assert paid() == (1_800_000_000, [])


def test_it_shares_nothing_with_the_room_that_it_is_the_other_side_of() -> None:
    folder = Path(counterfoil.sandbox.payments.__file__).parent
    sources = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.py")}

    assert len(sources) > 20
    assert [name for name, source in sources.items() if "counterfoil.recharge" in source] == []
