"""The sandbox as a process: it starts, stops, and does not outlive its parent."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from counterfoil.foundation.errors import InputError, Unavailable
from counterfoil.sandbox.configuration import default_configuration, read_configuration
from counterfoil.sandbox.process import SandboxProcess
from counterfoil.sandbox.serve import serve_sandbox

PARENT = """
import sys, time
from counterfoil.sandbox.process import SandboxProcess
process = SandboxProcess()
process.start()
print(process.port, flush=True)
time.sleep(600)
"""


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


def wait_until_silent(port: int) -> None:
    until = time.monotonic() + 20
    while answers(port):
        assert time.monotonic() < until, "the sandbox still answers"
        time.sleep(0.05)


def test_it_dies_with_its_parent() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        port = int(parent.stdout.readline())
        assert answers(port)
        os.kill(parent.pid, signal.SIGKILL)

    wait_until_silent(port)


def test_it_stops_with_calls_under_way() -> None:
    with SandboxProcess() as process:
        port = process.port
        connection = socket.create_connection(("127.0.0.1", port))
        body = b'{"model": "m", "input": "x", "metadata": {"sandbox_fail": "timeout:600000"}}'
        connection.sendall(
            b"POST /v1/responses HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sandbox-key\r\n"
            b"content-length: %d\r\n\r\n%b" % (len(body), body)
        )
        until = time.monotonic() + 20
        while not process.bill()["rows"]:
            assert time.monotonic() < until
            time.sleep(0.02)

    assert not answers(port)
    connection.close()


def test_two_at_once_have_two_ports_and_two_bills() -> None:
    with SandboxProcess() as one, SandboxProcess() as other:
        assert one.port != other.port
        assert one.pid != other.pid
        one.use_rules([{"fail": "status:500"}])
        assert one.bill() == other.bill()


def test_a_stopped_process_can_be_started_again() -> None:
    process = SandboxProcess()
    process.start()
    process.stop()
    process.stop()
    with pytest.raises(Unavailable):
        _ = process.pid
    with process:
        assert process.bill()["rows"] == []


def test_a_wrong_configuration_is_named() -> None:
    with pytest.raises(Unavailable) as refused, SandboxProcess({"rules": [{"fail": "explode"}]}):
        pass

    assert "fail: one of status" in refused.value.parameters["said"]


@pytest.mark.parametrize(
    "data",
    [
        [],
        {"ports": [1]},
        {"keys": {}},
        {"keys": {"k": 5}},
        {"keys": {"k": {"name": "n", "secret": "s"}}},
        {"keys": {"k": {"project": "p"}}},
        {"keys": {"": "n"}},
        {"models": "one"},
        {"models": [""]},
        {"costs": {"m": 5}},
        {"costs": {"m": {"output": 5}}},
        {"costs": {"m": {"output_tokens": 1.5}}},
        {"costs": {"m": {"output_tokens": -1}}},
        {"rules": {}},
    ],
)
def test_a_configuration_that_is_not_understood_is_refused(data: object) -> None:
    with pytest.raises(InputError) as refused:
        read_configuration(data)

    assert refused.value.parameters.keys() == {"field", "reason"}


def test_it_does_not_share_a_port() -> None:
    with SandboxProcess() as process, pytest.raises(InputError) as refused:
        serve_sandbox(host="127.0.0.1", port=process.port, configuration=default_configuration(), parent_pid=None)

    assert refused.value.parameters["field"] == "port"


def test_it_serves_on_loopback_only() -> None:
    for host in ("0.0.0.0", "192.0.2.1", "localhost.example.org"):
        with pytest.raises(InputError):
            serve_sandbox(host=host, port=1, configuration=default_configuration(), parent_pid=None)
