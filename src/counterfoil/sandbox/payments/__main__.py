"""`python -m counterfoil.sandbox.payments --port 8200`"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import orjson

from counterfoil.foundation.errors import InputError
from counterfoil.sandbox.payments.configuration import PaymentsConfiguration, read_configuration
from counterfoil.sandbox.payments.serve import serve_payments

DEFAULT_PORT = 8200


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m counterfoil.sandbox.payments",
        description="Stripe, epay, Alipay and WeChat Pay on 127.0.0.1, with real signatures and no money."
        " What a merchant configures is at /sandbox/payments/providers.",
    )
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="default: %(default)s")
    parser.add_argument("--config", metavar="FILE", help="configuration as JSON; - reads standard input")
    parser.add_argument(
        "--parent", type=int, metavar="PID", help="stop when this parent has gone (default: the parent)"
    )
    parser.add_argument("--detached", action="store_true", help="stay when the parent has gone")
    options = parser.parse_args()
    parent_pid = None
    if not options.detached:
        parent_pid = os.getppid() if options.parent is None else options.parent
    try:
        serve_payments(port=options.port, configuration=_read_file(options.config), parent_pid=parent_pid)
    except InputError as error:
        sys.stderr.write(f"{parser.prog}: {error.parameters['field']}: {error.parameters['reason']}\n")
        return 2
    return 0


def _read_file(name: str | None) -> PaymentsConfiguration:
    try:
        content = b"{}" if name is None else sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return read_configuration(orjson.loads(content))
    except (OSError, orjson.JSONDecodeError) as error:
        raise InputError(field="--config", reason=str(error)) from error


if __name__ == "__main__":
    sys.exit(main())
