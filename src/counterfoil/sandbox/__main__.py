"""`python -m counterfoil.sandbox --port 8100 --config sandbox.json`"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import orjson

from counterfoil.foundation.errors import InputError
from counterfoil.sandbox.configuration import default_configuration, read_configuration
from counterfoil.sandbox.model import Configuration
from counterfoil.sandbox.serve import serve_sandbox

DEFAULT_PORT = 8100


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m counterfoil.sandbox",
        description="An OpenAI- and Anthropic-compatible upstream on loopback that answers what it is asked to answer.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: %(default)s)")
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
        serve_sandbox(
            host=options.host,
            port=options.port,
            configuration=_read_file(options.config),
            parent_pid=parent_pid,
        )
    except InputError as error:
        sys.stderr.write(f"{parser.prog}: {error.parameters['field']}: {error.parameters['reason']}\n")
        return 2
    return 0


def _read_file(name: str | None) -> Configuration:
    if name is None:
        return default_configuration()
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return read_configuration(orjson.loads(content))
    except (OSError, orjson.JSONDecodeError) as error:
        raise InputError(field="--config", reason=str(error)) from error


if __name__ == "__main__":
    sys.exit(main())
