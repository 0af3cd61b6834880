"""Progress on standard error: one line that is written over on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TextIO

from rich.cells import cell_len, set_cell_size

_TERMINAL_SECONDS = 0.1
_ELSEWHERE_SECONDS = 5.0


class ProgressLine:
    """The line that says how far it is; `clear` it before anything else is written."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._on_terminal = self._stream.isatty()
        self._shown = 0

    @property
    def seconds(self) -> float:
        """How often it is worth saying something new."""
        return _TERMINAL_SECONDS if self._on_terminal else _ELSEWHERE_SECONDS

    def show(self, text: str) -> None:
        if not self._on_terminal:
            self._write(text + "\n")
            return
        width = max(20, shutil.get_terminal_size().columns - 1)
        if cell_len(text) > width:
            text = set_cell_size(text, width)
        self._write("\r" + text + " " * max(0, self._shown - cell_len(text)))
        self._shown = cell_len(text)

    def clear(self) -> None:
        """Leave an empty line; what was shown elsewhere than on a terminal stays."""
        if self._shown:
            self._write("\r" + " " * self._shown + "\r")
            self._shown = 0

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except BrokenPipeError:
            # Nobody reads the progress; the work goes on.
            self._stream = sys.__stderr__ or self._stream

    @asynccontextmanager
    async def showing(self, text: Callable[[], str]) -> AsyncIterator[None]:
        """Show what `text` says, again and again, while the work inside goes on."""

        async def show_on() -> None:
            while True:
                self.show(text())
                await asyncio.sleep(self.seconds)

        task = asyncio.get_running_loop().create_task(show_on())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            self.clear()
