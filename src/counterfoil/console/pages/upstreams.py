"""Upstreams: how each one does, what it costs and brings, what it serves, and setting one up."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from starlette.responses import Response

from counterfoil.console.desk import did, form, read_optional_whole
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Amount, Cell, Column, Instant, Link, Mark, Note, Share, Table
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.errors import InputError
from counterfoil.identity.access import Need, Staff
from counterfoil.spend.model import AttemptOutcome, Dialect
from counterfoil.spend.upstream_probe import ProbeOutcome, UpstreamProbe
from counterfoil.spend.upstream_records import UpstreamHealth, UpstreamMargin
from counterfoil.spend.upstreams_model import ServedModel, Upstream

pages = Pages()
_READ = Need(staff=Staff.UPSTREAMS_READ)
_WRITE = Need(staff=Staff.UPSTREAMS_WRITE)
_HOUR = 3_600_000_000
_DAY = 24 * _HOUR
_STRETCHES = {"hour": _HOUR, "day": _DAY}
_PERIODS = {"day": _DAY, "week": 7 * _DAY, "month": 30 * _DAY}
_MODELS_SHOWN_MAX = 200


def _stretch(visit: Visit) -> str:
    asked = visit.asked("since", "hour")
    return asked if asked in _STRETCHES else "hour"


def _period(visit: Visit) -> str:
    asked = visit.asked("period", "day")
    return asked if asked in _PERIODS else "day"


@pages.get("/upstreams", need=_READ)
async def upstreams(visit: Visit) -> View:
    stretch = _stretch(visit)
    found = await visit.services.upstreams.list()
    health = await visit.services.upstream_records.health(since=visit.now - _STRETCHES[stretch])
    known = {one.name for one in found}
    return View(
        template="upstreams.html",
        title="page_upstreams",
        values={
            "stretch": stretch,
            "stretches": [(one, visit.here(since=one)) for one in _STRETCHES],
            "without_money": ", ".join(f"{one.upstream} ({visit.shown.count(one.out_of_money)})" for one in health.values() if one.out_of_money),
            "may_write": visit.may(staff=Staff.UPSTREAMS_WRITE),
            "dialects": [(one.value, visit.w.word(f"dialect_{one.value}")) for one in Dialect],
        },
        tables=(
            Table(
                name="upstreams",
                caption="upstreams_found",
                empty="upstreams_none",
                columns=(
                    Column(code="upstream_name"), Column(code="upstream_state"), Column(code="upstream_calls", numeric=True),
                    Column(code="upstream_answered"), Column(code="upstream_errors", wide=True),
                    Column(code="upstream_median", numeric=True, wide=True), Column(code="upstream_slow", numeric=True, wide=True),
                    Column(code="upstream_models", numeric=True, wide=True), Column(code="upstream_last", wide=True),
                ),
                rows=[
                    *(_row(visit, one.name, one, health.get(one.name)) for one in found),
                    # Removed by now, and still on the upstream's bill.
                    *(_row(visit, name, None, one) for name, one in health.items() if name not in known),
                ],
            ),
        ),
    )  # fmt: skip


def _page(visit: Visit, name: str, path: str = "", **query: object) -> str:
    return visit.staff_link(f"/upstreams/{quote(name)}{path}", **query)


def _row(visit: Visit, name: str, one: Upstream | None, health: UpstreamHealth | None) -> tuple[Cell, ...]:
    return (
        Link(name, _page(visit, name), note=visit.w.word(f"dialect_{one.dialect.value}")) if one is not None else name,
        _state(visit, one),
        0 if health is None else health.attempts,
        None if health is None else Share(health.answered, health.attempts),
        None if health is None else _errors(visit, health),
        None if health is None else _took(visit, health.median_micros),
        None if health is None else _took(visit, health.slow_micros),
        None if one is None else len(one.models),
        Instant(None if health is None else health.last_at),
    )


def _took(visit: Visit, micros: int | None) -> str | None:
    """A time taken, in one piece: the number and its unit are not parted at the end of a line."""
    return None if micros is None else visit.shown.duration(micros).replace(" ", "\u00a0")


def _state(visit: Visit, one: Upstream | None) -> Mark:
    code = "removed" if one is None else one.status
    tone = {"active": "good", "disabled": "warn"}.get(code, "quiet")
    return Mark(visit.w.word(f"upstream_{code}"), tone, visit.w.hint(f"upstream_{code}"))


def _errors(visit: Visit, health: UpstreamHealth) -> Cell:
    """What went wrong, the most frequent first; being out of money is said in any case."""
    wrong = {one: count for one, count in health.outcomes.items() if one is not AttemptOutcome.SUCCEEDED}
    if not wrong:
        return None
    text = " · ".join(
        f"{visit.w.label('attempt_state', one)} {visit.shown.count(count)}"
        for one, count in sorted(wrong.items(), key=lambda item: -item[1])
    )
    return Note(visit.shown.count(sum(wrong.values())), text)


@pages.get("/upstreams/margins", need=_READ)
async def upstream_margins(visit: Visit) -> View:
    """Fetched after the rest is there: it reads every attempt of the period."""
    period = _period(visit)
    rows = await visit.services.upstream_records.margins(start=visit.now - _PERIODS[period], end=visit.now + 1)
    return View(
        template="upstream_margins.html",
        title="page_margins",
        values={"period": period, "periods": [(one, visit.here(period=one)) for one in _PERIODS]},
        tables=(_margins_table(visit, rows), _sums_table(visit, rows)),
    )


def _margins_table(visit: Visit, rows: Sequence[UpstreamMargin]) -> Table:
    return Table(
        name="margins",
        caption="margins_found",
        empty="margins_none",
        columns=(
            Column(code="upstream_name"), Column(code="margin_model"), Column(code="margin_calls", numeric=True, wide=True),
            Column(code="margin_charged", numeric=True), Column(code="margin_cost", numeric=True),
            Column(code="margin_left", numeric=True), Column(code="margin_share", wide=True),
        ),
        rows=[
            (
                one.upstream, one.model, one.attempts, Amount(one.charged, one.currency), _cost(visit, one),
                None if one.margin is None else Amount(one.margin, one.currency),
                None if one.margin is None or one.charged <= 0 or one.margin < 0 else Share(one.margin, one.charged),
            )
            for one in rows
        ],
    )  # fmt: skip


def _cost(visit: Visit, one: UpstreamMargin) -> Cell:
    if one.cost_currency is None:
        return Mark(visit.w.word("cost_not_known"), "warn", visit.w.hint("cost_not_known"))
    if one.cost_unknown:
        return Note(
            visit.shown.money(one.cost, one.cost_currency), visit.w.word("cost_in_part", count=one.cost_unknown)
        )
    return Amount(one.cost, one.cost_currency)


def _sums_table(visit: Visit, rows: Sequence[UpstreamMargin]) -> Table:
    """By upstream: charges and costs together; the margin where every part of it is known."""
    sums: dict[tuple[str, str], list[UpstreamMargin]] = {}
    for one in rows:
        sums.setdefault((one.upstream, one.currency), []).append(one)
    shown = []
    for (upstream, currency), parts in sums.items():
        charged, known = sum(one.charged for one in parts), [one.margin for one in parts if one.margin is not None]
        is_whole = len(known) == len(parts)
        shown.append(
            (
                upstream, sum(one.attempts for one in parts), Amount(charged, currency),
                Amount(sum(one.cost for one in parts), parts[0].cost_currency) if parts[0].cost_currency else None,
                Amount(sum(known), currency) if is_whole else Mark(visit.w.word("margin_not_known"), "warn", visit.w.hint("margin_not_known")),
            )
        )  # fmt: skip
    return Table(
        name="by_upstream",
        caption="margins_by_upstream",
        empty="margins_none",
        columns=(
            Column(code="upstream_name"), Column(code="margin_calls", numeric=True, wide=True),
            Column(code="margin_charged", numeric=True), Column(code="margin_cost", numeric=True),
            Column(code="margin_left", numeric=True),
        ),
        rows=shown,
    )  # fmt: skip


@pages.get("/upstreams/{name}", need=_READ)
async def upstream(visit: Visit) -> View:
    return await _shown(visit, probe=None)


async def _shown(visit: Visit, *, probe: UpstreamProbe | None) -> View:
    one = await visit.services.upstreams.find(visit.request.path_params["name"])
    stretch = _stretch(visit)
    health = (await visit.services.upstream_records.health(since=visit.now - _STRETCHES[stretch])).get(one.name)
    return View(
        template="upstream.html",
        title="page_upstream",
        title_values={"name": one.name},
        values={
            "upstream": one,
            "here": _page(visit, one.name),
            "state": _state(visit, one),
            "health": health,
            "stretch": stretch,
            "stretches": [(name, _page(visit, one.name, since=name)) for name in _STRETCHES],
            "figures": _figures(visit, health),
            "may_write": visit.may(staff=Staff.UPSTREAMS_WRITE),
            "probe": None if probe is None else _probe(visit, probe),
            "models_text": "\n".join(_line(model) for model in one.models),
            "can_edit_models": len(one.models) <= _MODELS_SHOWN_MAX,
            "facts": [
                ("upstream_address", one.base_url),
                ("upstream_dialect", visit.w.word(f"dialect_{one.dialect.value}")),
                ("upstream_secret", _source(visit, one.secret_env, one.secret_sealed)),
                ("upstream_callback", _source(visit, one.callback_secret_env, one.callback_secret_sealed)),
                ("upstream_timeout", visit.w.word("so_many_seconds", count=one.timeout_seconds)),
                ("upstream_added", Instant(one.created_at)),
            ],
        },
        tables=(_outcomes_table(visit, health), _models_table(one)),
    )  # fmt: skip


def _source(visit: Visit, variable: str | None, sealed: bytes | None) -> str:
    """Where a secret is kept; of the secret itself nothing is shown."""
    if variable is not None:
        return visit.w.word("secret_in_environment", name=variable)
    return visit.w.word("secret_sealed" if sealed is not None else "secret_none")


def _figures(visit: Visit, health: UpstreamHealth | None) -> list[tuple[str, str, str]]:
    """Name, text and tone of what matters in the stretch of time."""
    if health is None:
        return []
    share = visit.shown.percent(health.answered, health.attempts)
    answered_tone = "" if health.answered * 100 >= health.attempts * 95 else "bad"
    return [
        ("upstream_calls", visit.shown.count(health.attempts), ""),
        ("upstream_answered", share, answered_tone),
        ("upstream_median", visit.shown.duration(health.median_micros), ""),
        ("upstream_slow", visit.shown.duration(health.slow_micros), ""),
        ("upstream_without_money", visit.shown.count(health.out_of_money), "bad" if health.out_of_money else ""),
    ]


def _outcomes_table(visit: Visit, health: UpstreamHealth | None) -> Table:
    outcomes = {} if health is None else health.outcomes
    total = sum(outcomes.values())
    return Table(
        name="outcomes",
        caption="upstream_outcomes",
        empty="upstream_outcomes_none",
        columns=(Column(code="upstream_outcome"), Column(code="upstream_calls", numeric=True), Column(code="upstream_part")),
        rows=[
            (
                Mark(
                    visit.w.label("attempt_state", one), "good" if one is AttemptOutcome.SUCCEEDED else "bad",
                    visit.w.explanation("attempt_state", one),
                ),
                count, Share(count, total),
            )
            for one, count in sorted(outcomes.items(), key=lambda item: -item[1])
        ],
    )  # fmt: skip


def _models_table(one: Upstream) -> Table:
    return Table(
        name="models",
        caption="upstream_serves",
        empty="upstream_serves_nothing",
        columns=(
            Column(code="served_public"), Column(code="served_own"), Column(code="served_priority", numeric=True),
            Column(code="served_weight", numeric=True),
        ),
        rows=[(model.public_model, model.upstream_model, model.priority, model.weight) for model in one.models],
    )  # fmt: skip


def _probe(visit: Visit, probe: UpstreamProbe) -> dict[str, object]:
    tone = (
        "good" if probe.passed else "warn" if probe.outcome in (ProbeOutcome.OK, ProbeOutcome.NO_MODEL_LIST) else "bad"
    )
    return {
        "tone": tone,
        "title": visit.w.heading(f"probe_{probe.outcome}"),
        "text": visit.w.paragraph(f"probe_{probe.outcome}"),
        "took": visit.w.word("probe_took", time=visit.shown.duration(probe.latency_ms * 1000)),
        "words": probe.words,
        "missing": ", ".join(probe.missing_models or ())[:1000],
    }


# Changing them.


@pages.post("/upstreams", need=_WRITE, shows=upstreams)
async def add_upstream(visit: Visit) -> Response:
    dialect = visit.typed("up_dialect", Dialect.OPENAI)
    if dialect not in tuple(Dialect):
        raise InputError(field="up_dialect", expected=", ".join(Dialect))
    with form("up"):
        added = await visit.services.upstreams.add(
            name=visit.typed("up_name"), dialect=Dialect(dialect), base_url=visit.typed("up_base_url"),
            models=_read_models(visit, "up_models"), secret=visit.typed("up_secret") or None,
            secret_env=visit.typed("up_secret_env") or None,
            timeout_seconds=read_optional_whole(visit, "up_timeout_seconds"),
        )  # fmt: skip
    await did(visit, None, "add_upstream", subject=added.name)
    return visit.done(_page(visit, added.name), "done_upstream_added")


@pages.post("/upstreams/{name}/models", need=_WRITE, shows=upstream)
async def set_models(visit: Visit) -> Response:
    name = visit.request.path_params["name"]
    await visit.services.upstreams.set_models(name, _read_models(visit, "models"))
    return await _changed(visit, name, "set_models", "done_models_set")


@pages.post("/upstreams/{name}/secret", need=_WRITE, shows=upstream)
async def set_secret(visit: Visit) -> Response:
    name = visit.request.path_params["name"]
    await visit.services.upstreams.set_secret(
        name, secret=visit.typed("secret") or None, secret_env=visit.typed("secret_env") or None
    )
    return await _changed(visit, name, "set_secret", "done_secret_set")


@pages.post("/upstreams/{name}/state", need=_WRITE, shows=upstream)
async def set_upstream_state(visit: Visit) -> Response:
    name, state = visit.request.path_params["name"], visit.typed("state")
    await visit.services.upstreams.set_status(name, state)
    return await _changed(visit, name, "set_upstream_state", f"done_upstream_{'on' if state == 'active' else 'off'}")


@pages.post("/upstreams/{name}/remove", need=_WRITE, shows=upstream)
async def remove_upstream(visit: Visit) -> Response:
    name = visit.request.path_params["name"]
    await visit.services.upstreams.remove(name)
    await did(visit, None, "remove_upstream", subject=name)
    return visit.done(visit.staff_link("/upstreams"), "done_upstream_removed")


@pages.post("/upstreams/{name}/test", need=_WRITE, shows=upstream)
async def test_upstream(visit: Visit) -> View:
    """One tiny call: what it found is on this page, and is kept nowhere."""
    name = (await visit.services.upstreams.find(visit.request.path_params["name"])).name
    probe = await visit.services.test_upstream(name)
    await did(visit, None, "test_upstream", subject=name)
    return await _shown(visit, probe=probe)


async def _changed(visit: Visit, name: str, what: str, done: str) -> Response:
    await did(visit, None, what, subject=name)
    return visit.done(_page(visit, name), done)


def _line(model: ServedModel) -> str:
    """A served model as a line of the form."""
    parts = [model.public_model]
    if model.upstream_model != model.public_model or (model.priority, model.weight) != (100, 1):
        parts.append(model.upstream_model)
    if (model.priority, model.weight) != (100, 1):
        parts += [str(model.priority), str(model.weight)]
    return " ".join(parts)


def _read_models(visit: Visit, name: str) -> list[ServedModel]:
    """A model a line: what customers call it, then what the upstream does, its priority and its weight, where they differ."""
    models = []
    for line in visit.typed(name).splitlines():
        parts = line.split()
        if not parts:
            continue
        numbers = parts[2:]
        if len(parts) > 4 or not all(one.isascii() and one.isdigit() and len(one) < 10 for one in numbers):
            raise InputError(field=name, expected="gpt-5 gpt-5-2026-08 100 1")
        models.append(
            ServedModel(
                public_model=parts[0], upstream_model=parts[1] if len(parts) > 1 else parts[0],
                priority=int(numbers[0]) if numbers else 100, weight=int(numbers[1]) if len(numbers) > 1 else 1,
            )
        )  # fmt: skip
    return models
