"""A sandbox in a process of its own, for tests, benchmarks and the demo."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import IO, Any, Self

import orjson

from counterfoil.foundation.errors import Unavailable

HOST = "127.0.0.1"
START_TIMEOUT_SECONDS = 30.0
STOP_TIMEOUT_SECONDS = 5.0
REQUEST_TIMEOUT_SECONDS = 60.0
SAID_BYTES_MAX = 4000
_POLL_SECONDS = 0.02


class SandboxProcess:
    """Starts a sandbox on a free port and stops it; a context manager.

    `configuration` is what `sandbox.configuration` reads. The process ends by itself when this one dies.
    """

    def __init__(self, configuration: Mapping[str, Any] | None = None) -> None:
        self._configuration: Mapping[str, Any] = configuration or {}
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
        """The address without `/v1`: what Anthropic's client calls its base URL."""
        return f"http://{HOST}:{self._port}"

    @property
    def base_url(self) -> str:
        """The address with `/v1`: what OpenAI's client calls its base URL."""
        return f"{self.url}/v1"

    @property
    def port(self) -> int:
        return self._port

    @property
    def pid(self) -> int:
        if self._process is None:
            raise Unavailable(reason="the sandbox is not running")
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it answers; raises `Unavailable` with what it has said."""
        self._reserved = _reserve_port()
        self._port = self._reserved.getsockname()[1]
        # A file and no pipe: nobody reads while the process runs.
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        command = [sys.executable, "-m", "counterfoil.sandbox", "--host", HOST, "--port", str(self._port)]
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

    def bill(self, *, key: str | None = None, rows: int | None = None) -> dict[str, Any]:
        """The bill with its totals; `rows` limits how many calls are listed."""
        query = "&".join(f"{name}={value}" for name, value in (("key", key), ("rows", rows)) if value is not None)
        answer: dict[str, Any] = orjson.loads(self._request("GET", f"/sandbox/bill.json?{query}"))
        return answer

    def usage_csv(self, bucket_width: str = "1m", *, key: str | None = None) -> str:
        """The bill as OpenAI's usage export."""
        query = f"bucket_width={bucket_width}" + ("" if key is None else f"&key={key}")
        return self._request("GET", f"/sandbox/bill.csv?{query}").decode()

    def reset(self) -> None:
        """Empty the bill, and forget the videos and the deliveries of callbacks."""
        self._request("POST", "/sandbox/reset")

    def tasks(self, *, key: str | None = None) -> list[dict[str, Any]]:
        """Every video with its polls and downloads, oldest first; deleted and lost ones too."""
        answer = self._request("GET", "/sandbox/tasks" + ("" if key is None else f"?key={key}"))
        tasks: list[dict[str, Any]] = orjson.loads(answer)["tasks"]
        return tasks

    def force_task(self, video_id: str, status: str, *, error: Mapping[str, str] | None = None) -> None:
        """Bring a video into a state, from whichever it is in; `lost` hides it."""
        body = {"status": status} if error is None else {"status": status, "error": error}
        self._request("POST", f"/sandbox/tasks/{video_id}", orjson.dumps(body))

    def use_callbacks(self, settings: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None) -> None:
        """Replace the callbacks; None: send none."""
        self._request("POST", "/sandbox/callbacks", orjson.dumps(settings))

    def callbacks(self) -> dict[str, Any]:
        """The callbacks' settings, and what came of each delivery."""
        answer: dict[str, Any] = orjson.loads(self._request("GET", "/sandbox/callbacks"))
        return answer

    def use_rules(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """Replace the rules by which calls fail or ask more."""
        self._request("POST", "/sandbox/rules", orjson.dumps(list(rules)))

    def said(self) -> str:
        """The end of what the process has written to standard error."""
        if self._errors is None:
            return ""
        # The process shares the position in the file: reading must not move it.
        size = os.fstat(self._errors.fileno()).st_size
        start = max(0, size - SAID_BYTES_MAX)
        return os.pread(self._errors.fileno(), size - start, start).decode(errors="replace").strip()

    def _request(self, method: str, path: str, body: bytes | None = None) -> bytes:
        connection = http.client.HTTPConnection(HOST, self._port, timeout=REQUEST_TIMEOUT_SECONDS)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise Unavailable(reason=f"the sandbox answered {response.status}", answer=content[:500].decode())
        return content

    def _send_configuration(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdin is None:
            return
        try:
            process.stdin.write(orjson.dumps(dict(self._configuration)))
            process.stdin.close()
        except BrokenPipeError:
            # It has ended already; waiting for it tells why.
            pass

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + START_TIMEOUT_SECONDS
        while process.poll() is None and time.monotonic() < until:
            try:
                if orjson.loads(self._request("GET", "/sandbox/health"))["pid"] == process.pid:
                    return
            except OSError:
                pass
            time.sleep(_POLL_SECONDS)
        raise Unavailable(reason="the sandbox does not start", said=self.said())


def _reserve_port() -> socket.socket:
    """A socket that is bound to a free port and never listens.

    The server may bind the same port, as both allow it to be shared, and nobody else is given it meanwhile.
    """
    reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    reserved.bind((HOST, 0))
    return reserved
