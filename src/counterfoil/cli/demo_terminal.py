"""What the demo says, and where: steps on standard error, what people came for on standard output."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import typer

from counterfoil.cli.replay_progress import ProgressLine
from counterfoil.foundation.vocabulary import Kind, Language, text


class Terminal:
    """`as_json`: standard output belongs to one JSON object, so everything for people goes to standard error."""

    def __init__(self, language: Language, *, as_json: bool) -> None:
        self.language = language
        self.progress = ProgressLine()
        self._to_errors = as_json

    def word(self, code: str, **values: object) -> str:
        return text(Kind.WORD, code, self.language, **values)

    def say(self, lines: Sequence[str] | str = "") -> None:
        """Tell people; a line that may be copied is never broken."""
        for line in [lines] if isinstance(lines, str) else lines:
            typer.echo(line, err=self._to_errors)

    def head(self, line: str) -> None:
        self.say(typer.style(line, bold=True))

    @contextmanager
    def step(self, code: str) -> Iterator[None]:
        """A step of the work: shown while it runs, and with its duration when it is done."""
        label, started = self.word(code), time.monotonic()
        self.progress.show(f"  … {label}")
        try:
            yield
        finally:
            self.progress.clear()
        self.done(label, seconds=time.monotonic() - started)

    def note(self, line: str) -> None:
        """Something worth knowing about the step that is done."""
        typer.echo(f"    {line}", err=True)

    def done(self, label: str, *, seconds: float) -> None:
        mark = typer.style("✓", fg=typer.colors.GREEN)
        typer.echo(f"  {mark} {label}  {seconds:.1f} s", err=True)
        sys.stderr.flush()
