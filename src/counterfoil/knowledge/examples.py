"""The runnable examples that articles show: a file that is run by a test, and the output that the test got.

Each is a folder of `example_files/`: `call.sh` or `call.py`, and `output.txt` or `output.json`. The output is kept as the
test writes it, with ids and times made the same in every run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_SOURCES = {"call.sh": "sh", "call.py": "python"}
_OUTPUTS = {"output.txt": "text", "output.json": "json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One example: what is run and what came of it, each with the language it is written in."""

    name: str
    language: str
    source: str
    output_language: str
    output: str


@cache
def load_examples() -> Mapping[str, Example]:
    """Every example by its name."""
    found: dict[str, Example] = {}
    folder = files("counterfoil.knowledge").joinpath("example_files")
    for one in sorted(folder.iterdir(), key=lambda each: each.name):
        if not one.is_dir():
            continue
        held = {each.name: each.read_text(encoding="utf-8") for each in one.iterdir() if each.is_file()}
        source = next(name for name in _SOURCES if name in held)
        output = next((name for name in _OUTPUTS if name in held), None)
        found[one.name] = Example(
            name=one.name,
            language=_SOURCES[source],
            source=held[source],
            output_language="text" if output is None else _OUTPUTS[output],
            output="" if output is None else held[output],
        )
    return found
