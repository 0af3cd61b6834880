from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from counterfoil.observability import (
    BACKGROUND_ERRORS,
    GRANIAN_LOGGING,
    REFUSALS,
    configure_logging,
    log,
    metric_descriptions,
    metrics_page,
)

SECRET = "sk-planted-secret"


def redact(text: str) -> str:
    return text.replace(SECRET, "sk-…cret")


class Log:
    """What was logged, line by line."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def only(self) -> dict[str, Any]:
        (line,) = self.lines
        return line


@pytest.fixture
def logged() -> Iterator[Log]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    found = Log()
    configure_logging(level="info", log_format="json", redact=redact, stream=found.stream)
    yield found
    root.handlers[:], root.level = handlers, level
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    logging.captureWarnings(False)
    structlog.contextvars.clear_contextvars()


def test_a_line_is_one_json_object(logged: Log) -> None:
    structlog.contextvars.bind_contextvars(request="req_1")
    log.info("call_served", charged_nanos=12, model="模型", stream=False, note=None)
    line = logged.only()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "call_served",
        "level": "info",
        "logger": "counterfoil",
        "request": "req_1",
        "charged_nanos": 12,
        "model": "模型",
        "stream": False,
        "note": None,
    }
    assert "模型" in logged.text


def test_a_line_stays_one_line(logged: Log) -> None:
    log.info("odd\nevent", value="a\r\nb\u2028c\x00")
    assert len(logged.text.split("\n")) == 2


def test_less_than_the_level_is_not_logged(logged: Log) -> None:
    log.debug("detail")
    logging.getLogger("aiohttp.client").debug("detail")
    assert logged.text == ""


class Url:
    def __str__(self) -> str:
        return f"https://host/?key={SECRET}"


@pytest.mark.parametrize(
    "value",
    [
        SECRET,
        f"Bearer {SECRET}",
        [SECRET],
        {"deep": ({"deeper": {SECRET}},)},
        {SECRET: 1},
        Url(),
        ValueError(SECRET),
        SECRET.encode(),
        Path(SECRET),
    ],
    ids=lambda value: type(value).__name__,
)
def test_no_value_carries_a_secret_out(logged: Log, value: object) -> None:
    log.info("call", value=value)
    assert SECRET not in logged.text
    assert logged.only()["event"] == "call"


def test_no_message_carries_a_secret_out(logged: Log) -> None:
    log.info(f"call with {SECRET}")
    log.info("call with %s", SECRET)
    logging.getLogger("aiohttp.server").error("call with %s", SECRET, extra={"header": SECRET})
    logging.getLogger("asyncio").error("call with %(key)s", {"key": SECRET})
    logging.getLogger("anything").info(SECRET)
    assert SECRET not in logged.text
    assert len(logged.lines) == 5


def raise_secretly() -> None:
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        raise LookupError(f"while using {SECRET}") from error


def test_no_exception_carries_a_secret_out(logged: Log) -> None:
    try:
        raise_secretly()
    except LookupError:
        log.exception("failed")
        logging.getLogger("aiohttp").exception("failed")
    assert SECRET not in logged.text
    for line in logged.lines:
        assert "LookupError: while using sk-…cret" in line["exception"]
        assert "ValueError: sk-…cret" in line["exception"]


def test_no_uncaught_exception_carries_a_secret_out(logged: Log) -> None:
    thread = threading.Thread(target=raise_secretly)
    thread.start()
    thread.join()
    try:
        raise_secretly()
    except LookupError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    assert [line["event"] for line in logged.lines] == ["uncaught", "uncaught"]
    assert SECRET not in logged.text


async def test_what_asyncio_reports_is_redacted(logged: Log) -> None:
    error = ValueError(SECRET)
    asyncio.get_running_loop().call_exception_handler({"message": f"Task failed {SECRET}", "exception": error})
    assert "sk-…cret" in logged.only()["exception"]
    assert SECRET not in logged.text


def test_warnings_are_lines_too(logged: Log) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn(SECRET, UserWarning, stacklevel=1)
    assert SECRET not in logged.text
    assert "sk-…cret" in logged.text


def test_a_redaction_that_fails_lets_nothing_out(logged: Log) -> None:
    def broken(text: str) -> str:
        raise RuntimeError(text)

    configure_logging(level="info", log_format="json", redact=broken, stream=logged.stream)
    log.error("failed", value=SECRET)
    assert SECRET not in logged.text
    assert logged.only()["value"] == "<not redactable: RuntimeError>"


class Hostile:
    def __str__(self) -> str:
        raise ValueError(SECRET)

    __repr__ = __str__


def test_a_line_that_cannot_be_made_is_lost_without_its_content(
    logged: Log, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without pytest's own handlers, which raise what ours must survive.
    ours = [each for each in logging.getLogger().handlers if getattr(each, "stream", None) is logged.stream]
    monkeypatch.setattr(logging.getLogger(), "handlers", ours)
    before = BACKGROUND_ERRORS.labels(work="logging")._value.get()
    logging.getLogger("library").error("two %s", SECRET, SECRET)
    log.error("hostile", value=Hostile())
    assert SECRET not in logged.text + "".join(capsys.readouterr())
    assert [line["event"] for line in logged.lines] == ["log_line_lost", "hostile"]
    assert BACKGROUND_ERRORS.labels(work="logging")._value.get() == before + 1


def test_a_structure_that_contains_itself_ends(logged: Log) -> None:
    loop: dict[str, Any] = {"secret": SECRET}
    loop["self"] = loop
    log.info("loop", value=loop)
    assert SECRET not in logged.text


def test_lines_for_people_are_redacted_too(logged: Log) -> None:
    configure_logging(level="info", log_format="console", redact=redact, stream=logged.stream)
    try:
        raise_secretly()
    except LookupError:
        log.exception("failed", value=SECRET)
    assert "failed" in logged.text
    assert "sk-…cret" in logged.text
    assert "\x1b[" not in logged.text
    assert SECRET not in logged.text


def test_granian_logs_through_the_same_pipeline(logged: Log) -> None:
    from granian.log import LogLevels
    from granian.log import configure_logging as configure_granian

    logger = logging.getLogger("_granian")
    configure_granian(LogLevels.info, GRANIAN_LOGGING)
    logger.info("Starting granian %s", SECRET)
    assert logged.only()["logger"] == "_granian"
    assert SECRET not in logged.text


def test_nothing_is_ever_printed_to_standard_output() -> None:
    code = "from counterfoil.observability import log; log.info('a'); log.error('b')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""


def test_the_metrics_page_shows_what_was_counted() -> None:
    REFUSALS.labels(code="key_limit").inc()
    page = metrics_page().decode()
    assert 'counterfoil_refusals_total{code="key_limit"} ' in page
    assert "# HELP counterfoil_engine_batch_seconds Seconds" in page


def test_every_metric_is_described() -> None:
    described = metric_descriptions()
    assert len(described) == 18
    for metric in described:
        assert metric.name.startswith("counterfoil_")
        assert metric.help.endswith(".")


def test_serving_processes_add_their_metrics_up(tmp_path: Path) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    code = "from counterfoil.observability import *; HOLDS_EXPIRED.inc(2); ENGINE_QUEUE_DEPTH.set(3); import sys; sys.stdout.buffer.write(metrics_page())"
    for times in (1, 2):
        page = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert f"counterfoil_holds_expired_total {2.0 * times}" in page.stdout
