"""A receipt as a browser reads it: its elements, its attributes, its text, and the rows of its tables and lists."""

from __future__ import annotations

from html.parser import HTMLParser

_VOID = {"meta", "link", "img", "br", "hr", "input"}
_CELLS = {"th", "td", "dt", "dd"}


class Page(HTMLParser):
    """A parsed page. Fails on tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.rows: dict[str, str] = {}
        self._open: list[str] = []
        self._texts: list[str] = []
        self._cells: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    @property
    def text(self) -> str:
        return " ".join("".join(self._texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in _VOID:
            self._open.append(tag)
        if tag in _CELLS:
            self._cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        if tag in ("td", "dd"):
            name, value = (" ".join(cell.split()) for cell in self._cells[-2:])
            self.rows[name] = value

    def handle_data(self, data: str) -> None:
        if "style" in self._open or "title" in self._open:
            return
        self._texts.append(data)
        if self._cells and any(cell in self._open for cell in _CELLS):
            self._cells[-1] += data
