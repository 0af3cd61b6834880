"""Logs and metrics: one pipeline for every line, one catalogue of every number.

Logs go to standard error, ours and those of every library, as JSON lines or for people to read. Each string in a
line, and the text of each exception, passes through the `redact` that the wiring injects: what it does not know how
to hide must not be logged in the first place.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TextIO

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from structlog.typing import EventDict, Processor, WrappedLogger

Redact = Callable[[str], str]
RedactFields = Callable[[Mapping[str, Any]], Mapping[str, Any]]

# Granian configures its loggers anew at each start; handed this, it leaves them to our pipeline.
GRANIAN_LOGGING: dict[str, Any] = {
    "formatters": {},
    "handlers": {},
    "loggers": {
        "_granian": {"handlers": [], "level": "INFO", "propagate": True},
        "granian.access": {"handlers": [], "level": "WARNING", "propagate": True},
    },
}
# Deeper than anything we log on purpose; a structure that contains itself must not hang the log.
_REDACTION_DEPTH_MAX = 8
_OUR_OWN = frozenset({"timestamp", "level"})
_MULTIPROCESS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
# At import, and not only in `configure_logging`: what structlog does by itself is to print to standard output, which
# belongs to the answers of commands.
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_SHARED,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    wrapper_class=structlog.stdlib.BoundLogger,
    logger_factory=structlog.stdlib.LoggerFactory(),
)

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("counterfoil")


def configure_logging(
    *,
    level: str,
    log_format: str,
    redact: Redact,
    redact_fields: RedactFields | None = None,
    stream: TextIO | None = None,
) -> None:
    """Send every log line of the process through one pipeline; call it once per process, before anything logs.

    `log_format` is `json` or `console`. `redact_fields` sees a line as a whole, and so a secret that only its field's
    name gives away. `stream` is standard error unless given.
    """
    severity = logging.getLevelNamesMapping()[level.upper()]
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_SHARED, structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            # An exception becomes text before the redaction, so that its message is redacted too. Never with the
            # values of local variables: those hold what we must not know.
            structlog.processors.format_exc_info,
            _Redaction(redact, redact_fields),
            renderer,
        ],
    )
    handler = _SafeHandler(stream or sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    for former in list(root.handlers):
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(severity)
    logging.captureWarnings(True)
    _log_uncaught()


class _Redaction:
    """Applies `redact` to every string of a line, however deep, and to the text of whatever is no plain value."""

    def __init__(self, redact: Redact, redact_fields: RedactFields | None) -> None:
        self._redact = redact
        self._redact_fields = redact_fields

    def __call__(self, logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
        # Time and level are our own words; a rule for long numbers must not find one in them.
        own = {name: value for name, value in line.items() if name in _OUR_OWN}
        others = {name: self._clean(value, 0) for name, value in line.items() if name not in _OUR_OWN}
        return {**(self._redact_fields(others) if self._redact_fields is not None else others), **own}

    def _clean(self, value: Any, depth: int) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, bytes | bytearray | memoryview):
            return f"<{len(value)} bytes>"
        if depth < _REDACTION_DEPTH_MAX:
            if isinstance(value, Mapping):
                return {self._text(str(name)): self._clean(each, depth + 1) for name, each in value.items()}
            if isinstance(value, list | tuple | set | frozenset):
                return [self._clean(each, depth + 1) for each in value]
        return self._text(value)

    def _text(self, value: Any) -> str:
        try:
            return self._redact(str(value))
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, the text must not get out
            return f"<not redactable: {type(error).__name__}>"


class _SafeHandler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Say that a line was lost, without the message and arguments that logging itself would print."""
        kind = type(sys.exception()).__name__
        BACKGROUND_ERRORS.labels(work="logging").inc()
        try:
            self.stream.write(f'{{"level": "error", "event": "log_line_lost", "error": "{kind}"}}\n')
        except (OSError, ValueError):
            # Standard error itself is gone; the counter has kept it.
            return


def _log_uncaught() -> None:
    """What ends the program or a thread is a log line too, rather than an unredacted traceback."""
    logger = logging.getLogger("counterfoil.uncaught")

    def of_program(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        logger.critical("uncaught", exc_info=(kind, error, trace))

    def of_thread(arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None and not issubclass(arguments.exc_type, SystemExit):
            logger.critical("uncaught", exc_info=(arguments.exc_type, arguments.exc_value, arguments.exc_traceback))

    def unraisable(arguments: sys.UnraisableHookArgs) -> None:
        if arguments.exc_value is not None:
            logger.error("unraisable", exc_info=(arguments.exc_type, arguments.exc_value, arguments.exc_traceback))

    sys.excepthook = of_program
    threading.excepthook = of_thread
    sys.unraisablehook = unraisable


REGISTRY = CollectorRegistry()


# The catalogue. Labels take few values each: never a key, an account or an address.
REQUESTS = Counter(
    "counterfoil_requests", "Calls answered, by their final code: ok or a refusal.", ["code"], registry=REGISTRY
)
REFUSALS = Counter("counterfoil_refusals", "Calls refused, by code.", ["code"], registry=REGISTRY)
UNKNOWN_KEYS = Counter("counterfoil_unknown_keys", "Calls with a key that belongs to no account.", registry=REGISTRY)
ENGINE_BATCHES = Counter(
    "counterfoil_engine_batches",
    "Batches of the ledger's engine, by outcome: committed, rerun, halved or failed.",
    ["outcome"],
    registry=REGISTRY,
)
ENGINE_BATCH_SIZE = Histogram(
    "counterfoil_engine_batch_size",
    "Commands committed together.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048),
    registry=REGISTRY,
)
ENGINE_BATCH_SECONDS = Histogram(
    "counterfoil_engine_batch_seconds",
    "Seconds from the first statement of a batch to its commit.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
    registry=REGISTRY,
)
ENGINE_QUEUE_DEPTH = Gauge(
    "counterfoil_engine_queue_depth", "Commands waiting for a batch.", registry=REGISTRY, multiprocess_mode="livesum"
)
UPSTREAM_ATTEMPTS = Counter(
    "counterfoil_upstream_attempts",
    "Attempts at upstreams, by upstream and outcome.",
    ["upstream", "outcome"],
    registry=REGISTRY,
)
HOLDS_EXPIRED = Counter(
    "counterfoil_holds_expired", "Holds that nobody ended in time, and were released.", registry=REGISTRY
)
PAYMENT_NOTICES = Counter(
    "counterfoil_payment_notices",
    "Notices of payment providers, by what became of them.",
    ["outcome"],
    registry=REGISTRY,
)
DELIVERIES = Counter(
    "counterfoil_deliveries", "Tries to deliver a notification, by what came of them.", ["outcome"], registry=REGISTRY
)
BACKGROUND_ERRORS = Counter(
    "counterfoil_background_errors", "Failures of background work, by work.", ["work"], registry=REGISTRY
)
CASES_OPEN = Gauge(
    "counterfoil_cases_open",
    "Cases of the support desk that are open, by class of problem.",
    ["problem"],
    registry=REGISTRY,
    multiprocess_mode="livemostrecent",
)
CASES_LATE = Gauge(
    "counterfoil_cases_late",
    "Open cases that are past their deadline, by class of problem.",
    ["problem"],
    registry=REGISTRY,
    multiprocess_mode="livemostrecent",
)
# From a minute to a week.
_CASE_BUCKETS = (60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400, 172_800, 345_600, 604_800)
CASE_DIAGNOSIS_SECONDS = Histogram(
    "counterfoil_case_diagnosis_seconds",
    "Seconds from a case's arrival until its records were searched and explained, by class of problem.",
    ["problem"],
    registry=REGISTRY,
    buckets=(1, 2, 5, 10, 30, 60, 300, 900, 3_600),
)
CASE_FIRST_ANSWER_SECONDS = Histogram(
    "counterfoil_case_first_answer_seconds",
    "Seconds from a case's arrival until a person first answered it or asked for more, by class of problem.",
    ["problem"],
    registry=REGISTRY,
    buckets=_CASE_BUCKETS,
)
CASE_RESOLUTION_SECONDS = Histogram(
    "counterfoil_case_resolution_seconds",
    "Seconds from a case's arrival until it was resolved, each time that it was, by class of problem.",
    ["problem"],
    registry=REGISTRY,
    buckets=_CASE_BUCKETS,
)
CASE_UNSAFE = Counter(
    "counterfoil_case_unsafe",
    "Secrets and files refused or masked on their way to the support desk, by class of problem, field, and what it was.",
    ["problem", "field", "secret"],
    registry=REGISTRY,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricDescription:
    """A metric as `/metrics` names it."""

    name: str
    kind: str
    help: str


def metric_descriptions() -> list[MetricDescription]:
    """Every metric of the catalogue, for the reference."""
    found = []
    for family in REGISTRY.collect():
        name = family.name + ("_total" if family.type == "counter" else "")
        found.append(MetricDescription(name=name, kind=family.type, help=family.documentation))
    return sorted(found, key=lambda description: description.name)


def metrics_page() -> bytes:
    """The metrics in Prometheus' text format.

    Several serving processes add theirs up where `PROMETHEUS_MULTIPROC_DIR` was set before any of them started.
    """
    if os.environ.get(_MULTIPROCESS_VARIABLE):
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)
    return generate_latest(REGISTRY)


def forget_process(process: int) -> None:
    """Drop the live gauges of a serving process that has ended."""
    if os.environ.get(_MULTIPROCESS_VARIABLE):
        mark_process_dead(process)  # type: ignore[no-untyped-call]
