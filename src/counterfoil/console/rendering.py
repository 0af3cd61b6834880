"""Drawing: from a `View` to the page, or to the file of one of its tables."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from counterfoil.console import assets
from counterfoil.console.navigation import sections_for
from counterfoil.console.services import Services
from counterfoil.console.shown import short_id
from counterfoil.console.tables import Table, as_csv, as_xlsx, form_of
from counterfoil.console.visits import ROOT, View, Visit
from counterfoil.foundation.errors import NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Kind, Language, find_entry

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@cache
def _environment() -> Environment:
    """The templates, read and compiled once a process."""
    environment = Environment(
        loader=PackageLoader("counterfoil.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(form=form_of, shown_id=_shown_id, short_id=short_id)
    return environment


def _shown_id(value: Any, kind: str) -> str:
    return show_id(kind, value)


class Renderer:
    """Draws the pages of one installation."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._environment = _environment()

    def response(self, visit: Visit, view: View) -> Response:
        """The page; or, where the query names one of its tables, that table as a file."""
        for parameter, draw in (("csv", _csv), ("xlsx", _xlsx)):
            if visit.asked(parameter):
                return draw(visit, _table(view, visit.asked(parameter)))
        return HTMLResponse(
            self._page(visit, view),
            status_code=view.status,
            headers={"content-language": visit.w.tag, "vary": "Accept-Language, Cookie"} | dict(view.headers),
        )

    def _page(self, visit: Visit, view: View) -> str:
        done = visit.asked("done")
        return self._environment.get_template(view.template).render(
            visit=visit, w=visit.w, shown=visit.shown, title=visit.w.heading(view.title, **view.title_values),
            title_code=view.title, tables=SimpleNamespace(**{table.name: table for table in view.tables}),
            first_table=view.tables[0] if view.tables else None, sections=sections_for(visit), root=ROOT, style=assets.STYLE, script=assets.SCRIPT, htmx=assets.HTMX,
            icon=assets.ICON, languages=[(one, "中文" if one is Language.ZH else "English") for one in Language],
            # Only what the vocabulary knows is ever said: the address may be anybody's.
            done=done if find_entry(Kind.PAGE, done) is not None and done.startswith("done_") else None,
            operator_name=self._services.operator_name, is_demo=self._services.is_demo, problem=visit.problem,
            **view.values,
        )  # fmt: skip


def _table(view: View, name: str) -> Table:
    for table in view.tables:
        if table.name == name:
            return table
    raise NotFound(code="page_not_found")


def _csv(visit: Visit, table: Table) -> Response:
    return _file(as_csv(table, visit.shown), "text/csv; charset=utf-8", f"{table.name}.csv")


def _xlsx(visit: Visit, table: Table) -> Response:
    return _file(as_xlsx(table, visit.shown), _XLSX, f"{table.name}.xlsx")


def _file(body: bytes, content_type: str, name: str) -> Response:
    return Response(
        body,
        headers={"content-type": content_type, "content-disposition": f'attachment; filename="counterfoil-{name}"'},
    )
