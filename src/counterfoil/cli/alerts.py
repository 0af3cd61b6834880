"""`counterfoil alerts`: who is told what, where, and what came of it. An address is never an argument and never shown."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import typer

from counterfoil.cli.alert_views import channel_json, delivery_json, kind_json, rules_json
from counterfoil.cli.command import SET_UP, Answer, Call, Commands
from counterfoil.cli.errors import ExitStatus
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.options import AccountArgument, Most, OfAccount, account_id_of, find_account, read_optional_id
from counterfoil.cli.output import Column, fields, moment, money, table
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.money import parse_nanos
from counterfoil.foundation.vocabulary import Kind, Language, entry
from counterfoil.notify.model import (
    ANNOUNCED,
    FOR_ACCOUNTS,
    FOR_OPERATIONS,
    AlertRules,
    Channel,
    ChannelKind,
    Delivery,
    DeliveryState,
    Outcome,
)
from counterfoil.notify.service import Notifications

# Longer than any service's address; a file given by mistake is not read to its end.
_LINE_CHARACTERS_MAX = 10_000
_DEFAULT = "default"

ChannelArgument = Annotated[str, typer.Argument(metavar="CHANNEL", help="A channel's id (chan_…).")]
KindOptions = Annotated[
    list[str] | None,
    typer.Option("--kind", metavar="KIND", help="Only these (repeatable); none: all that is meant for its readers."),
]


class Switch(StrEnum):
    """On, off, or as the settings say."""

    ON = "on"
    OFF = "off"
    DEFAULT = "default"


class LanguageChoice(StrEnum):
    """A language, or the installation's."""

    ZH = "zh"
    EN = "en"
    DEFAULT = "default"


async def kinds(call: Call) -> Answer:
    """List what can be announced, and when it is."""
    rows = [
        (
            kind, "yes" if kind in FOR_ACCOUNTS else "no", "yes" if kind in FOR_OPERATIONS else "if asked for",
            entry(Kind.NOTIFICATION_TEXT, kind).explanation[call.language],
        )
        for kind in ANNOUNCED
    ]  # fmt: skip
    return Answer(
        data={"kinds": [kind_json(kind) for kind in ANNOUNCED]},
        lines=table(("kind", "accounts", "operations", "sent"), rows),
    )


async def channels(
    call: Call,
    account: OfAccount = None,
    operations: Annotated[bool, typer.Option("--operations", help="Only those of operations.")] = False,
    most: Most = 100,
    after: Annotated[str | None, typer.Option(metavar="ID", help="The last id of the page before.")] = None,
) -> Answer:
    """List channels: where notifications go."""
    if operations and account is not None:
        raise InputError(field="operations", expected="one of --operations and --account")
    start = read_optional_id("channel", after)
    async with call.services() as services:
        following: str | None = None
        if operations or account is not None:
            found = await services.notify.channels(await account_id_of(services, account))
        else:
            page = await services.notify.every_channel(after=start, most=min(most + 1, 500))
            found = page[:most]
            following = show_id("channel", found[-1].channel_id) if len(page) > most else None
    columns = ("channel", "kind", "address", "status", "language", "account", "kinds")
    empty = "No channels yet: counterfoil alerts add-channel webhook"
    return Answer(
        data={"channels": [channel_json(channel) for channel in found], "next": following},
        lines=table(columns, [_row(channel, call.language) for channel in found], empty=empty),
    )


async def add_channel(
    call: Call,
    kind: Annotated[ChannelKind, typer.Argument(metavar="KIND", help="webhook, or apprise for any of its services.")],
    account: OfAccount = None,
    language: Annotated[
        Language | None, typer.Option("--in", help="Language of its messages; not given: the installation's.")
    ] = None,
    kind_: KindOptions = None,
    ask_secret: Annotated[
        bool,
        typer.Option("--ask-secret", help="Give a webhook's signing secret in a second line, instead of a new one."),
    ] = False,
) -> Answer:
    """Add a channel of an account, or of operations; its address is asked for, or read from standard input.

    Such as https://example.com/hook, mailtos://USER:PASSWORD@HOST?to=ADDRESS, dingtalk://TOKEN, feishu://TOKEN,
    wecombot://KEY, slack://A/B/C. A webhook's signing secret is shown once.
    """
    url = _read_line("Address", expected="an address on standard input")
    secret = _read_line("Signing secret", expected="a secret on standard input") if ask_secret else None
    async with call.services() as services:
        account_id = await account_id_of(services, account)
        added = await services.notify.add_channel(
            kind=kind, url=url, account_id=account_id, language=language, kinds=kind_, secret=secret
        )
    shown = [] if added.secret is None else [f"Its signing secret, shown this once: {added.secret}"]
    return Answer(
        data={**channel_json(added.channel), "secret": added.secret},
        lines=[*_lines(added.channel, call.language), *shown],
    )


async def remove_channel(call: Call, channel: ChannelArgument) -> Answer:
    """Remove a channel, its address and its secret; the log of its deliveries stays."""
    async with call.services() as services:
        await services.notify.remove_channel(read_id("channel", channel))
    return Answer(data={"removed": channel}, lines=[f"Removed {channel}."])


async def enable(call: Call, channel: ChannelArgument) -> Answer:
    """Send to a channel again."""
    async with call.services() as services:
        return _answer(await services.notify.enable(read_id("channel", channel)), call.language)


async def disable(call: Call, channel: ChannelArgument) -> Answer:
    """Send nothing more to a channel."""
    async with call.services() as services:
        return _answer(await services.notify.disable(read_id("channel", channel)), call.language)


async def rotate_secret(call: Call, channel: ChannelArgument) -> Answer:
    """Give a webhook another signing secret, shown once; for a day the former one signs too."""
    async with call.services() as services:
        rotated = await services.notify.rotate_secret(read_id("channel", channel))
    return Answer(
        data={**channel_json(rotated.channel), "secret": rotated.secret},
        lines=[*_lines(rotated.channel, call.language), f"Its new signing secret, shown this once: {rotated.secret}"],
    )


async def test(call: Call, channel: ChannelArgument) -> Answer:
    """Send a test message now, and say what came of it."""
    async with call.services() as services:
        sent = await services.notify.test(read_id("channel", channel))
    passed = sent.outcome is Outcome.DELIVERED
    words = entry(Kind.DELIVERY_OUTCOME, sent.outcome)
    return Answer(
        data={"passed": passed, "outcome": str(sent.outcome), "detail": sent.detail},
        lines=[
            *fields({"outcome": words.label[call.language], "detail": sent.detail}),
            words.explanation[call.language],
            *([] if passed else [words.next_step.what_to_change[call.language]]),
        ],
        status=ExitStatus.DONE if passed else ExitStatus.NOT_DONE,
    )


async def log(
    call: Call,
    account: OfAccount = None,
    channel: Annotated[str | None, typer.Option("--channel", metavar="CHANNEL", help="Only to this channel.")] = None,
    state: Annotated[DeliveryState | None, typer.Option("--state", help="Only in this state.")] = None,
    most: Most = 50,
    before: Annotated[str | None, typer.Option(metavar="ID", help="The last id of the page before.")] = None,
) -> Answer:
    """List deliveries, newest first, with what came of each."""
    channel_id, start = read_optional_id("channel", channel), read_optional_id("delivery", before)
    async with call.services() as services:
        account_id = await account_id_of(services, account)
        found = await services.notify.log(
            account_id=account_id, channel_id=channel_id, state=state, before=start, most=min(most + 1, 500)
        )
    page = found[:most]
    following = show_id("delivery", page[-1].delivery_id) if len(found) > most else None
    columns = ("announced", "kind", "to", "state", Column(name="tries", right=True), "outcome", "next try", "message")
    return Answer(
        data={"deliveries": [delivery_json(one) for one in page], "next": following},
        lines=table(columns, [_delivery_row(one, call.language) for one in page], empty="Nothing was sent yet."),
    )


async def rules(call: Call, account: AccountArgument) -> Answer:
    """Show when an account is warned."""
    async with call.services() as services:
        found = await find_account(services, account)
        wanted = await services.notify.rules_of(found.account_id)
        return _rules_answer(found.account_id, found.currency, wanted, services.notify)


async def set_rules(
    call: Call,
    account: AccountArgument,
    low_balance: Annotated[
        str | None, typer.Option("--low-balance", metavar="AMOUNT", help="Warn below it; 0: never; default.")
    ] = None,
    lasts_days: Annotated[
        str | None,
        typer.Option("--lasts-days", metavar="DAYS", help="Warn when it lasts no longer; 0: never; default."),
    ] = None,
    spike_times: Annotated[
        str | None,
        typer.Option("--spike-times", metavar="N", help="Warn of an hour above N usual ones; 0: never; default."),
    ] = None,
    mail_members: Annotated[
        Switch | None, typer.Option("--mail-members", help="Mail to the account's members.")
    ] = None,
    language: Annotated[LanguageChoice | None, typer.Option("--in", help="Language of that mail.")] = None,
    off: Annotated[
        list[str] | None, typer.Option("--off", metavar="KIND", help="Tell it no more (repeatable).")
    ] = None,
    on: Annotated[list[str] | None, typer.Option("--on", metavar="KIND", help="Tell it again (repeatable).")] = None,
) -> Answer:
    """Change when an account is warned; `default` is as the settings say."""
    async with call.services() as services:
        found = await find_account(services, account)
        wanted = await services.notify.rules_of(found.account_id)
        if low_balance is not None:
            wanted = replace(wanted, low_balance=None if low_balance == _DEFAULT else parse_nanos(low_balance))
        if lasts_days is not None:
            wanted = replace(wanted, lasts_days=_read_number("lasts_days", lasts_days))
        if spike_times is not None:
            wanted = replace(wanted, spike_times=_read_number("spike_times", spike_times))
        if mail_members is not None:
            wanted = replace(wanted, mail_members=None if mail_members is Switch.DEFAULT else mail_members is Switch.ON)
        if language is not None:
            chosen = None if language is LanguageChoice.DEFAULT else Language(language.value)
            wanted = replace(wanted, language=chosen)
        silent = [kind for kind in (*wanted.off, *(off or ())) if kind not in (on or ())]
        wanted = await services.notify.set_rules(found.account_id, replace(wanted, off=tuple(silent)))
        return _rules_answer(found.account_id, found.currency, wanted, services.notify)


async def send(call: Call) -> Answer:
    """Hand out and send now what is due; `serve` does so by itself."""
    async with call.services() as services:
        worked = await services.notify.work_off()
    data = {"dispatched": worked.dispatched, "sent": worked.sent, "not_sent": worked.not_sent}
    return Answer(
        data=data,
        lines=fields({"handed out": worked.dispatched, "sent": worked.sent, "not sent this time": worked.not_sent}),
        status=ExitStatus.NOT_DONE if worked.not_sent else ExitStatus.DONE,
    )


def _read_line(prompt: str, *, expected: str) -> str:
    """Ask without showing what is typed; a pipe gives its next line."""
    if sys.stdin.isatty():
        line = str(typer.prompt(prompt, hide_input=True, err=True))
    else:
        line = sys.stdin.readline(_LINE_CHARACTERS_MAX)
    line = line.strip()
    if not line:
        raise InputError(field=prompt.lower(), expected=expected)
    return line


def _read_number(field: str, text: str) -> int | None:
    if text == _DEFAULT:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise InputError(field=field, given=text[:40], expected="a whole number, or default")
    return int(text)


def _row(channel: Channel, language: Language) -> Sequence[object]:
    account = None if channel.account_id is None else show_id("account", channel.account_id)
    return (
        show_id("channel", channel.channel_id), channel.kind, channel.mask,
        entry(Kind.CHANNEL_STATE, channel.status).label[language], channel.language,
        account or "operations", "all" if channel.kinds is None else channel.kinds,
    )  # fmt: skip


def _lines(channel: Channel, language: Language) -> list[str]:
    shown: dict[str, Any] = {
        "channel": show_id("channel", channel.channel_id),
        "of": "operations" if channel.account_id is None else show_id("account", channel.account_id),
        "kind": channel.kind,
        "address": channel.mask,
        "status": entry(Kind.CHANNEL_STATE, channel.status).label[language],
        "language": channel.language,
        "kinds": "all that is meant for its readers" if channel.kinds is None else channel.kinds,
        "former secret until": moment(channel.former_until),
    }
    return fields(shown)


def _answer(channel: Channel, language: Language) -> Answer:
    return Answer(data=channel_json(channel), lines=_lines(channel, language))


def _delivery_row(delivery: Delivery, language: Language) -> Sequence[object]:
    outcome = None if delivery.outcome is None else entry(Kind.DELIVERY_OUTCOME, delivery.outcome).label[language]
    member = None if delivery.member_id is None else show_id("member", delivery.member_id)
    return (
        moment(delivery.created_at), delivery.kind, delivery.channel_mask or member,
        entry(Kind.DELIVERY_STATE, delivery.state).label[language], delivery.tries,
        " ".join(part for part in (outcome, delivery.detail) if part), moment(delivery.next_try_at),
        show_id("announcement", delivery.announcement_id),
    )  # fmt: skip


def _rules_answer(account_id: UUID, currency: str, wanted: AlertRules, notify: Notifications) -> Answer:
    in_force = notify.thresholds_of(wanted)
    mails = notify.mails_members and wanted.mail_members is not False
    shown = {
        "low balance": money(in_force.low_balance, currency) if in_force.low_balance else "never",
        "lasts no longer than": f"{in_force.lasts_days} days" if in_force.lasts_days else "never",
        "spike above": f"{in_force.spike_times} times the usual hour" if in_force.spike_times else "never",
        "mail to members": mails,
        "language": wanted.language or notify.default_language,
        "not told": wanted.off,
    }
    return Answer(data=rules_json(account_id, wanted, notify), lines=fields(shown))


def register(application: typer.Typer, launchers: Launchers) -> None:
    commands = Commands.group(
        application, launchers, name="alerts", panel=SET_UP, summary="Who is told what, and where."
    )
    commands.add("kinds", kinds)
    commands.add("channels", channels)
    commands.add("add-channel", add_channel)
    commands.add("remove-channel", remove_channel)
    commands.add("enable", enable)
    commands.add("disable", disable)
    commands.add("rotate-secret", rotate_secret)
    commands.add("test", test)
    commands.add("log", log)
    commands.add("rules", rules)
    commands.add("set", set_rules)
    commands.add("send", send)
