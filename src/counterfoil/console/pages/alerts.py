"""Alerts: when an account is warned, the channels that are told, what is sent, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from starlette.responses import Response

from counterfoil.console.routes import Pages
from counterfoil.console.tables import Action, Actions, Cell, Column, Count, Instant, Mark, Note, Table
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.errors import CounterfoilError, InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos, parse_nanos
from counterfoil.foundation.vocabulary import Kind, Language, find_entry
from counterfoil.identity.access import Need, Own, Staff
from counterfoil.notify.model import (
    FOR_ACCOUNTS,
    AlertRules,
    Channel,
    ChannelKind,
    ChannelStatus,
    Delivery,
    DeliveryState,
    NewChannel,
    Outcome,
    Thresholds,
)

pages = Pages()
_READ = Need(own=Own.USAGE_READ, staff=Staff.ACCOUNTS_READ)
_WRITE = Need(own=Own.ALERTS_WRITE, staff=Staff.NOTIFICATIONS_WRITE)
_LOG_MAX = 500
_LANGUAGES = {Language.ZH: "中文", Language.EN: "English"}
_MAIL = {"yes": True, "no": False}
_STATE_TONES = {DeliveryState.SENT: "good", DeliveryState.WAITING: "info", DeliveryState.GIVEN_UP: "bad"}


@pages.get("/accounts/{account_id}/alerts", need=_READ)
async def alerts(visit: Visit) -> View:
    return await _view(visit)


@pages.post("/accounts/{account_id}/alerts", need=_WRITE, shows=alerts)
async def alerts_save(visit: Visit) -> Response:
    wanted = set(visit.typed_all("wanted"))
    mail = visit.typed("mail_members")
    language = visit.typed("language")
    rules = AlertRules(
        low_balance=_amount(visit, "low_balance"),
        lasts_days=_whole(visit, "lasts_days"),
        spike_times=_whole(visit, "spike_times"),
        mail_members=_MAIL.get(mail),
        language=Language(language) if language in tuple(Language) else None,
        off=tuple(str(kind) for kind in FOR_ACCOUNTS if kind not in wanted),
    )
    await visit.services.notify.set_rules(visit.account_id, rules)
    return visit.done(visit.link("/alerts"), "done_alerts_saved")


@pages.post("/accounts/{account_id}/alerts/channels", need=_WRITE, shows=alerts)
async def alerts_channel_add(visit: Visit) -> View | Response:
    """Add a channel. Its address is never sent back; a webhook's secret is shown this once."""
    kind, language = visit.typed("kind"), visit.typed("channel_language")
    if kind not in tuple(ChannelKind):
        raise InputError(field="kind", expected=", ".join(ChannelKind))
    added = await visit.services.notify.add_channel(
        kind=ChannelKind(kind), url=visit.typed("url"), account_id=visit.account_id,
        language=Language(language) if language in tuple(Language) else visit.language,
        kinds=visit.typed_all("channel_kinds") or None, public_only=not visit.as_staff,
    )  # fmt: skip
    if added.secret is None:
        return visit.done(visit.link("/alerts"), "done_channel_added")
    return await _view(visit, new=added)


@pages.post("/accounts/{account_id}/alerts/channels/{channel_id}/test", need=_WRITE, shows=alerts)
async def alerts_channel_test(visit: Visit) -> Response:
    channel = await _own_channel(visit)
    sent = await visit.services.notify.test(channel.channel_id)
    return visit.go(visit.link("/alerts", tested=sent.outcome.value) + "#table-channels")


@pages.post("/accounts/{account_id}/alerts/channels/{channel_id}/disable", need=_WRITE, shows=alerts)
async def alerts_channel_disable(visit: Visit) -> Response:
    await visit.services.notify.disable((await _own_channel(visit)).channel_id)
    return visit.done(visit.link("/alerts"), "done_channel_disabled")


@pages.post("/accounts/{account_id}/alerts/channels/{channel_id}/enable", need=_WRITE, shows=alerts)
async def alerts_channel_enable(visit: Visit) -> Response:
    await visit.services.notify.enable((await _own_channel(visit)).channel_id)
    return visit.done(visit.link("/alerts"), "done_channel_enabled")


@pages.post("/accounts/{account_id}/alerts/channels/{channel_id}/rotate", need=_WRITE, shows=alerts)
async def alerts_channel_rotate(visit: Visit) -> View:
    channel = await _own_channel(visit)
    return await _view(visit, new=await visit.services.notify.rotate_secret(channel.channel_id))


@pages.post("/accounts/{account_id}/alerts/channels/{channel_id}/remove", need=_WRITE, shows=alerts)
async def alerts_channel_remove(visit: Visit) -> Response:
    await visit.services.notify.remove_channel((await _own_channel(visit)).channel_id)
    return visit.done(visit.link("/alerts"), "done_channel_removed")


async def _own_channel(visit: Visit) -> Channel:
    """The channel of the path; one of another account, or of operations, is one that does not exist."""
    channel = await visit.services.notify.channel(visit.id_in_path("channel", "channel_id"))
    if channel.account_id != visit.account_id:
        raise NotFound(code="channel_not_found", channel=show_id("channel", channel.channel_id))
    return channel


def _amount(visit: Visit, name: str) -> int | None:
    text = visit.typed(name)
    if not text:
        return None
    try:
        return parse_nanos(text)
    except CounterfoilError as error:
        raise InputError(code=error.code, field=name, expected="0, 12.50") from error


def _whole(visit: Visit, name: str) -> int | None:
    text = visit.typed(name)
    if not text:
        return None
    if not text.isdecimal() or len(text) > 6:
        raise InputError(field=name, expected="a whole number such as 0 or 3")
    return int(text)


async def _view(visit: Visit, *, new: NewChannel | None = None) -> View:
    notify = visit.services.notify
    rules = await notify.rules_of(visit.account_id)
    channels = await notify.channels(visit.account_id)
    may_write = visit.may(own=_WRITE.own, staff=_WRITE.staff)
    wanted = set(visit.typed_all("wanted")) if visit.problem and "low_balance" in visit.form else None
    tested = visit.asked("tested")
    return View(
        template="alerts.html",
        title="page_alerts",
        values={
            "may_write": may_write,
            "secret": None if new is None else new.secret,
            "tested": tested if find_entry(Kind.DELIVERY_OUTCOME, tested) is not None else None,
            "tested_well": tested == Outcome.DELIVERED,
            "fields": {
                "low_balance": "" if rules.low_balance is None else format_nanos(rules.low_balance),
                "lasts_days": "" if rules.lasts_days is None else rules.lasts_days,
                "spike_times": "" if rules.spike_times is None else rules.spike_times,
                "mail_members": "" if rules.mail_members is None else "yes" if rules.mail_members else "no",
                "language": rules.language or "",
            },
            "in_force": _in_force(visit, notify.thresholds_of(rules)),
            "mails": notify.mails_members,
            "kinds": [
                (str(kind), kind_text(visit, kind), kind not in rules.off if wanted is None else kind in wanted)
                for kind in FOR_ACCOUNTS
            ],
            "chosen_kinds": set(visit.typed_all("channel_kinds")),
            "languages_offered": [(one.value, name) for one, name in _LANGUAGES.items()],
            "types": [(one.value, visit.w.word(f"alerts_{one}")) for one in ChannelKind],
            "mail_choices": [("yes", visit.w.word("alerts_mail_yes")), ("no", visit.w.word("alerts_mail_no"))],
        },
        tables=(
            _channels_table(visit, channels, may_write=may_write),
            _kinds_table(visit, rules),
            await _log_table(visit, channels),
        ),
    )


def _in_force(visit: Visit, thresholds: Thresholds) -> list[tuple[str, Cell]]:
    """When the account is warned, all told."""
    w, never = visit.w, visit.w.word("alerts_never")
    currency = visit.of_account.currency
    return [
        (
            "alerts_low_balance",
            visit.shown.money(thresholds.low_balance, currency) if thresholds.low_balance else never,
        ),
        (
            "alerts_lasts_days",
            w.word("about_days", count=visit.shown.count(thresholds.lasts_days)) if thresholds.lasts_days else never,
        ),
        (
            "alerts_spike_times",
            f"× {visit.shown.count(thresholds.spike_times)}" if thresholds.spike_times else never,
        ),
    ]


def kind_text(visit: Visit, kind: str) -> str:
    """What a notification is about, in a few words."""
    return visit.w.label("word", f"alert_kind_{kind}")


# -- tables --------------------------------------------------------------------------------------------------------------


def _channels_table(visit: Visit, channels: Sequence[Channel], *, may_write: bool) -> Table:
    columns = [
        Column(code="alerts_channel"),
        Column(code="alerts_type", wide=True),
        Column(code="alerts_hears", wide=True),
        Column(code="alerts_language", wide=True),
        Column(code="state"),
        Column(code="created_at", wide=True),
    ]
    return Table(
        name="channels",
        caption="alerts_channels",
        empty="alerts_no_channels",
        columns=[*columns, Column(code="actions")] if may_write else columns,
        rows=[
            (*_channel_row(visit, channel), *([_actions(visit, channel)] if may_write else [])) for channel in channels
        ],
    )


def _channel_row(visit: Visit, channel: Channel) -> tuple[Cell, ...]:
    w = visit.w
    hears = (
        w.word("alerts_everything")
        if channel.kinds is None
        else " · ".join(kind_text(visit, one) for one in channel.kinds)
    )
    rotated = channel.former_until is not None and channel.former_until > visit.now
    below = f"{w.word('alerts_old_secret_until')} {visit.shown.time(channel.former_until)}" if rotated else ""
    is_active = channel.status is ChannelStatus.ACTIVE
    return (
        Note(channel.mask, below),
        w.word(f"alerts_{channel.kind}"),
        hears,
        _LANGUAGES[channel.language],
        Mark(w.label("channel_state", channel.status), "good" if is_active else "quiet"),
        Instant(channel.created_at),
    )


def _actions(visit: Visit, channel: Channel) -> Actions:
    address = visit.link(f"/alerts/channels/{show_id('channel', channel.channel_id)}")
    is_active = channel.status is ChannelStatus.ACTIVE
    buttons = [Action("alerts_test", address + "/test")] if is_active else []
    if channel.kind is ChannelKind.WEBHOOK:
        buttons.append(Action("alerts_rotate", address + "/rotate", danger=True))
    if is_active:
        buttons.append(Action("alerts_disable", address + "/disable", danger=True))
    else:
        buttons.append(Action("alerts_enable", address + "/enable"))
    return Actions([*buttons, Action("alerts_remove", address + "/remove", danger=True)])


def _kinds_table(visit: Visit, rules: AlertRules) -> Table:
    mails = visit.services.notify.mails_members and rules.mail_members is not False
    return Table(
        name="kinds",
        caption="alerts_kinds",
        columns=(
            Column(code="alerts_what"),
            Column(code="alerts_meaning", wide=True),
            Column(code="alerts_sent_when"),
            Column(code="alerts_by_mail"),
        ),
        rows=[
            (
                kind_text(visit, kind),
                visit.w.explanation("notification", kind),
                visit.w.explanation("notification_text", kind),
                visit.w.word("yes" if mails and kind not in rules.off else "no"),
            )
            for kind in FOR_ACCOUNTS
        ],
    )


async def _log_table(visit: Visit, channels: Sequence[Channel]) -> Table:
    most = min(visit.most_rows, _LOG_MAX - 1)
    state = visit.asked("state")
    log = await visit.services.notify.log(
        account_id=visit.account_id, state=DeliveryState(state) if state in tuple(DeliveryState) else None,
        before=visit.id_asked("delivery", "before"), most=most + 1,
    )  # fmt: skip
    shown = log[:most]
    members = await _members(visit, {one.member_id for one in shown if one.member_id is not None})
    masks = {channel.channel_id: channel.mask for channel in channels}
    return Table(
        name="log",
        caption="alerts_log",
        empty="alerts_log_empty",
        more=visit.here(before=show_id("delivery", shown[-1].delivery_id)) if len(log) > most else None,
        columns=(
            Column(code="time"),
            Column(code="alerts_what"),
            Column(code="alerts_to", wide=True),
            Column(code="alerts_delivery_state"),
            Column(code="alerts_result", wide=True),
            Column(code="alerts_tries", numeric=True, wide=True),
            Column(code="alerts_next_try", wide=True),
        ),
        rows=[_log_row(visit, one, masks=masks, members=members) for one in shown],
    )


async def _members(visit: Visit, wanted: set[UUID]) -> Mapping[UUID, str]:
    """Whom mail went to, as far as the visitor may know who is on the account."""
    if not wanted or not visit.may(own=Own.MEMBERS_READ, staff=Staff.ACCOUNTS_READ):
        return {}
    return {
        one.member_id: one.email
        for one in await visit.services.members.list(account_id=visit.account_id)
        if one.member_id in wanted
    }


def _log_row(
    visit: Visit, one: Delivery, *, masks: Mapping[UUID, str], members: Mapping[UUID, str]
) -> tuple[Cell, ...]:
    w = visit.w
    if one.channel_id is not None:
        told = masks.get(one.channel_id) or one.channel_mask or "—"
    else:
        told = members.get(one.member_id, w.word("alerts_mail")) if one.member_id is not None else "—"
    outcome = "" if one.outcome is None else w.label("delivery_outcome", one.outcome)
    return (
        Instant(one.created_at),
        kind_text(visit, one.kind),
        told,
        Mark(w.label("delivery_state", one.state), _STATE_TONES.get(one.state, "quiet")),
        Note(outcome, one.detail or "") if outcome else None,
        Count(one.tries),
        Instant(one.next_try_at),
    )
