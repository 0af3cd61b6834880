"""Every setting, in one table: its variable, default, type and help. Read once, at the start."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from counterfoil.foundation.errors import AmountUnreadable, InputError
from counterfoil.foundation.money import parse_nanos
from counterfoil.foundation.periods import read_time_zone

VARIABLE_PREFIX = "COUNTERFOIL_"
Network = IPv4Network | IPv6Network

# A call that ends at its deadline still has to be captured: its hold lives a minute longer.
HOLD_BEYOND_DEADLINE_SECONDS = 60
_SHOWN_MAX_CHARACTERS = 80
_NAME_MAX_CHARACTERS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A type of setting: `expected` completes "expected …", `read` raises ValueError for anything else."""

    name: str
    expected: str
    read: Callable[[str], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One row of the table. `default` is written as in the environment; None means not set."""

    name: str
    kind: Kind
    default: str | None
    help: str
    is_secret: bool = False

    @property
    def variable(self) -> str:
        return VARIABLE_PREFIX + self.name.upper()

    @property
    def option(self) -> str:
        return "--" + self.name.replace("_", "-")


def _whole(least: int, most: int, unit: str) -> Kind:
    def read(text: str) -> int:
        # int() alone would also take "1_000", " 5 " and digits of other scripts.
        if not (text.isascii() and text.isdecimal()) or not least <= int(text) <= most:
            raise ValueError
        return int(text)

    return Kind(name=f"whole number ({unit})", expected=f"a whole number of {unit} from {least} to {most}", read=read)


def _choice(*choices: str) -> Kind:
    def read(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError
        return text.lower()

    return Kind(name=" | ".join(choices), expected="one of " + ", ".join(choices), read=read)


def _read_size(text: str) -> int:
    number, factor = text, 1
    for suffix, each in (("KiB", 2**10), ("MiB", 2**20), ("GiB", 2**30)):
        if text.endswith(suffix):
            number, factor = text.removesuffix(suffix).strip(), each
    if not (number.isascii() and number.isdecimal()) or not 1 <= int(number) * factor <= 2**30:
        raise ValueError
    return int(number) * factor


def _read_networks(text: str) -> tuple[Network, ...]:
    return tuple(ip_network(part) for part in text.replace(",", " ").split())


def _read_database_url(text: str) -> str:
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError
    return text


def _read_public_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError
    return text.rstrip("/")


def _read_issuer(text: str) -> str:
    parts = urlsplit(text)
    is_here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    is_encrypted = parts.scheme == "https" or (parts.scheme == "http" and is_here)
    if not is_encrypted or not parts.hostname or parts.query or parts.fragment or not text.isprintable():
        raise ValueError
    # As it is: a provider signs its own name, with or without a slash at its end.
    return text


def _read_path(text: str) -> Path:
    if "\x00" in text:
        raise ValueError
    return Path(text).expanduser()


def _read_text(text: str) -> str:
    if not text.isprintable():
        raise ValueError
    return text


def _read_hosts(text: str) -> tuple[str, ...]:
    hosts = tuple(dict.fromkeys(text.replace(",", " ").lower().split()))
    if any("/" in host or "@" in host or not host.isprintable() for host in hosts):
        raise ValueError
    return hosts


def _read_mail_url(text: str) -> str:
    if not text.startswith(("mailto://", "mailtos://")) or not text.isprintable() or " " in text:
        raise ValueError
    return text


def _read_name(text: str) -> str:
    if not text.isprintable() or len(text) > _NAME_MAX_CHARACTERS:
        raise ValueError
    return text


def _read_zone(text: str) -> str:
    try:
        read_time_zone(text)
    except InputError as error:
        raise ValueError from error
    return text


def _read_amount(text: str) -> str:
    try:
        nanos = parse_nanos(text)
    except AmountUnreadable:
        raise ValueError from None
    if nanos < 0:
        raise ValueError
    return text


_PATH = Kind(name="path", expected="a path", read=_read_path)
_TEXT = Kind(name="text", expected="printable text", read=_read_text)
_SIZE = Kind(name="size", expected="bytes, or a number with KiB, MiB or GiB, up to 1GiB", read=_read_size)
_NETWORKS = Kind(name="networks", expected="networks such as 10.0.0.0/8, separated by commas", read=_read_networks)
_DATABASE = Kind(name="database URL", expected="postgresql://USER:PASSWORD@HOST/DATABASE", read=_read_database_url)
_NAME = Kind(name="name", expected=f"at most {_NAME_MAX_CHARACTERS} printable characters", read=_read_name)
_TIME_ZONE = Kind(name="time zone", expected="an IANA time zone such as Asia/Shanghai", read=_read_zone)
_AMOUNT = Kind(name="amount", expected="an amount such as 500 or 12.50", read=_read_amount)
_HOSTS = Kind(name="hosts", expected="host names or addresses, separated by commas", read=_read_hosts)
_MAIL_URL = Kind(name="mail server", expected="mailtos://USER:PASSWORD@HOST?from=ADDRESS", read=_read_mail_url)
_PUBLIC_URL = Kind(name="URL", expected="https://HOST, without a query", read=_read_public_url)
_ISSUER = Kind(name="URL", expected="https://HOST/PATH, as the provider writes it", read=_read_issuer)
_SECONDS = _whole(1, 86_400, "seconds")

SETTINGS: tuple[Setting, ...] = (
    Setting(
        name="data_dir",
        kind=_PATH,
        default="./counterfoil-data",
        help="Folder for keys, checkpoints, the operator's token and the embedded PostgreSQL.",
    ),
    Setting(
        name="database_url",
        kind=_DATABASE,
        default=None,
        is_secret=True,
        help="PostgreSQL of your own, as the runtime role that serves; unset: the embedded one.",
    ),
    Setting(
        name="migration_url",
        kind=_DATABASE,
        default=None,
        is_secret=True,
        help="The same database as its owner, who migrates and creates the runtime role; unset: the database URL.",
    ),
    Setting(
        name="signing_key",
        kind=_TEXT,
        default=None,
        is_secret=True,
        help="Ed25519 key that signs checkpoints: 32 bytes in base64; unset: signing.key in the data directory.",
    ),
    Setting(
        name="sealing_key",
        kind=_TEXT,
        default=None,
        is_secret=True,
        help="AES-256 keys that seal secrets at rest: VERSION:BASE64, separated by commas; unset: sealing.key in the "
        "data directory.",
    ),
    Setting(
        name="operator_token",
        kind=_TEXT,
        default=None,
        is_secret=True,
        help="Token of the management API, 32 characters or more; unset: operator.token in the data directory.",
    ),
    Setting(name="host", kind=_TEXT, default="127.0.0.1", help="Address to listen on."),
    Setting(
        name="port",
        kind=_whole(0, 65_535, "the port"),
        default="8787",
        help="Port to listen on; 0 takes a free one.",
    ),
    Setting(
        name="public_url",
        kind=_PUBLIC_URL,
        default=None,
        help="Address under which customers reach this installation, for links; unset: http://HOST:PORT.",
    ),
    Setting(name="workers", kind=_whole(1, 64, "processes"), default="1", help="Processes that serve."),
    Setting(
        name="trusted_proxies",
        kind=_NETWORKS,
        default="",
        help="Networks whose X-Forwarded-For is believed; empty: none.",
    ),
    Setting(
        name="log_level",
        kind=_choice("debug", "info", "warning", "error"),
        default="info",
        help="Least severity that is logged.",
    ),
    Setting(
        name="log_format",
        kind=_choice("json", "console"),
        default="json",
        help="One JSON object per line, or lines for people; on standard error.",
    ),
    Setting(
        name="default_language",
        kind=_choice("en", "zh"),
        default="en",
        help="Language of messages to callers who name none.",
    ),
    Setting(
        name="lanes",
        kind=_whole(1, 16, "lanes"),
        default="2",
        help="Batches that one process commits at the same time, each for its own accounts.",
    ),
    Setting(
        name="batch_max",
        kind=_whole(1, 16_384, "commands"),
        default="2048",
        help="Commands committed together at most.",
    ),
    Setting(
        name="queue_max",
        kind=_whole(1, 1_000_000, "commands"),
        default="10000",
        help="Commands that may wait in one process; beyond that calls are answered 503.",
    ),
    Setting(
        name="database_connections",
        kind=_whole(2, 100, "connections"),
        default="8",
        help="Pooled database connections of one process at most, beside those of the lanes.",
    ),
    Setting(
        name="request_body_max_bytes",
        kind=_SIZE,
        default="32MiB",
        help="Largest request body that is read.",
    ),
    Setting(
        name="call_deadline_seconds",
        kind=_SECONDS,
        default="600",
        help="Longest time for one call with all its attempts; its hold lives a minute longer.",
    ),
    Setting(
        name="upstream_timeout_seconds",
        kind=_SECONDS,
        default="300",
        help="Longest time for one attempt at an upstream that is added without a timeout of its own.",
    ),
    Setting(
        name="drain_policy",
        kind=_choice("drain", "cancel"),
        default="drain",
        help="After a client has gone: read the upstream's answer to its end and charge what it says, or cancel and "
        "charge a local count, marked estimated.",
    ),
    Setting(
        name="input_bound",
        kind=_choice("standard", "strict"),
        default="standard",
        help="Upper bound of input tokens: half of the UTF-8 bytes, or all of them.",
    ),
    Setting(
        name="fit_policy",
        kind=_choice("fit", "strict"),
        default="fit",
        help="When the whole answer cannot be paid for: cap it to what can, or refuse and name the cap that would pass.",
    ),
    Setting(
        name="task_hold_days",
        kind=_whole(1, 30, "days"),
        default="7",
        help="How long a task whose outcome is unknown keeps its hold and is asked about, before it ends as expired.",
    ),
    Setting(
        name="order_minutes",
        kind=_whole(5, 1_440, "minutes"),
        default="30",
        help="How long a recharge order can be paid; money that comes later is credited all the same.",
    ),
    Setting(
        name="operator_name",
        kind=_NAME,
        default="Counterfoil",
        help="Who provides the service and is paid: the name that stands on receipts.",
    ),
    Setting(
        name="contact_email",
        kind=_NAME,
        default=None,
        help="Address that the handbook's contact page names; unset: the page says that there is none yet.",
    ),
    Setting(
        name="contact_page",
        kind=_PUBLIC_URL,
        default=None,
        help="Page of your own for contact, which the handbook leads to; unset: /support alone.",
    ),
    Setting(
        name="contact_hours",
        kind=_NAME,
        default=None,
        help="When somebody answers, as the handbook's contact page says it, with the time zone.",
    ),
    Setting(
        name="privacy_contact",
        kind=_NAME,
        default=None,
        help="Whom people ask about their data, as the handbook's privacy page names them.",
    ),
    Setting(
        name="operator_time_zone",
        kind=_TIME_ZONE,
        default="UTC",
        help="Where a day of reconciliation begins and ends, such as Asia/Shanghai: the day of the statements.",
    ),
    Setting(
        name="approval_policy",
        kind=_choice("two_people", "single_with_reason"),
        default="single_with_reason",
        help="Who decides refunds, confirmed payments and the like: always two people, or one up to the cap, with a reason.",
    ),
    Setting(
        name="approval_single_cap",
        kind=_AMOUNT,
        default="500",
        help="Most that one person decides alone at a time, in the amount's own currency; more takes two people.",
    ),
    Setting(
        name="mail_url",
        kind=_MAIL_URL,
        default=None,
        is_secret=True,
        help="Mail server over which members are told, as an Apprise address; unset: members get no mail.",
    ),
    Setting(
        name="registration",
        kind=_choice("on", "off"),
        default="off",
        help="Whether strangers may register themselves, with an address that they show to be theirs; takes a mail server.",
    ),
    Setting(
        name="trial_credit",
        kind=_AMOUNT,
        default="0",
        help="Credited once to each person who registers, in the currency of their new account; 0: nothing.",
    ),
    Setting(
        name="oidc_issuer",
        kind=_ISSUER,
        default=None,
        help="OpenID provider that people may sign in with, by its issuer address; unset: none.",
    ),
    Setting(
        name="oidc_client_id",
        kind=_TEXT,
        default=None,
        help="What the OpenID provider knows this installation by.",
    ),
    Setting(
        name="oidc_client_secret",
        kind=_TEXT,
        default=None,
        is_secret=True,
        help="The secret that goes with it; unset: a public client.",
    ),
    Setting(
        name="oidc_name",
        kind=_NAME,
        default="OpenID",
        help="The provider's name on the button to sign in.",
    ),
    Setting(
        name="support_per_address",
        kind=_whole(1, 100_000, "submissions"),
        default="30",
        help="Most that one address sends to support in a minute, to each serving process; refused ones count too.",
    ),
    Setting(
        name="support_over_all",
        kind=_whole(1, 10_000_000, "submissions"),
        default="24000",
        help="Most that all addresses together send to support in a minute, to each serving process.",
    ),
    Setting(
        name="alert_plain_hosts",
        kind=_HOSTS,
        default="",
        help="Hosts beside this machine that notifications may be sent to unencrypted; empty: none.",
    ),
    Setting(
        name="alert_low_balance",
        kind=_AMOUNT,
        default="5",
        help="Balance below which an account is warned, in its own currency; 0: never. Accounts may choose their own.",
    ),
    Setting(
        name="alert_lasts_days",
        kind=_whole(0, 365, "days"),
        default="3",
        help="An account is warned when its balance lasts no longer, at the average of seven days; 0: never.",
    ),
    Setting(
        name="alert_spike_times",
        kind=_whole(0, 1_000, "times"),
        default="5",
        help="An account is warned when an hour takes more than so many times its usual hour; 0: never.",
    ),
    Setting(
        name="alert_spike_floor",
        kind=_AMOUNT,
        default="1",
        help="What an hour takes at least to be called a spike, in the account's own currency.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The values of all settings. Secrets are left out of its representation."""

    data_dir: Path
    database_url: str | None = field(repr=False)
    migration_url: str | None = field(repr=False)
    signing_key: str | None = field(repr=False)
    sealing_key: str | None = field(repr=False)
    operator_token: str | None = field(repr=False)
    host: str
    port: int
    public_url: str | None
    workers: int
    trusted_proxies: tuple[Network, ...]
    log_level: str
    log_format: str
    default_language: str
    lanes: int
    batch_max: int
    queue_max: int
    database_connections: int
    request_body_max_bytes: int
    call_deadline_seconds: int
    upstream_timeout_seconds: int
    drain_policy: str
    input_bound: str
    fit_policy: str
    task_hold_days: int
    order_minutes: int
    operator_name: str
    contact_email: str | None
    contact_page: str | None
    contact_hours: str | None
    privacy_contact: str | None
    operator_time_zone: str
    approval_policy: str
    # Decimal text, of whichever currency.
    approval_single_cap: str
    mail_url: str | None = field(repr=False)
    registration: str
    # Decimal text, in the currency of the accounts that people open by registering.
    trial_credit: str
    oidc_issuer: str | None
    oidc_client_id: str | None
    oidc_client_secret: str | None = field(repr=False)
    oidc_name: str
    support_per_address: int
    support_over_all: int
    alert_plain_hosts: tuple[str, ...]
    # Decimal text, in each account's own currency.
    alert_low_balance: str
    alert_lasts_days: int
    alert_spike_times: int
    alert_spike_floor: str

    @property
    def hold_seconds(self) -> int:
        """How long a call's hold lives."""
        return self.call_deadline_seconds + HOLD_BEYOND_DEADLINE_SECONDS

    @classmethod
    def load(cls, environ: Mapping[str, str], **overrides: object) -> Settings:
        """Read the environment; overrides (from the command line; None: not given) win.

        Raises `InputError` naming the variable or option that cannot be understood, with the value unless it is
        secret.
        """
        unknown = overrides.keys() - {setting.name for setting in SETTINGS}
        if unknown:
            raise TypeError(f"no such settings: {', '.join(sorted(unknown))}")
        values = {setting.name: _value(setting, environ, overrides.get(setting.name)) for setting in SETTINGS}
        if values["migration_url"] is not None and values["database_url"] is None:
            raise InputError(
                code="setting_invalid",
                setting="COUNTERFOIL_MIGRATION_URL",
                expected="COUNTERFOIL_DATABASE_URL beside it, which says as whom to serve",
            )
        if (values["oidc_issuer"] is None) != (values["oidc_client_id"] is None):
            raise InputError(
                code="setting_invalid",
                setting="COUNTERFOIL_OIDC_CLIENT_ID",
                expected="both COUNTERFOIL_OIDC_ISSUER and COUNTERFOIL_OIDC_CLIENT_ID, or neither",
            )
        if values["upstream_timeout_seconds"] > values["call_deadline_seconds"]:
            raise InputError(
                code="setting_invalid",
                setting="COUNTERFOIL_UPSTREAM_TIMEOUT_SECONDS",
                expected=f"at most COUNTERFOIL_CALL_DEADLINE_SECONDS, which is {values['call_deadline_seconds']}",
            )
        return cls(**values)

    def shown(self) -> list[tuple[Setting, str]]:
        """Each setting with its value as a person may see it: secrets only as "set"."""
        return [(setting, _shown(setting, getattr(self, setting.name))) for setting in SETTINGS]


def unknown_variables(environ: Mapping[str, str]) -> dict[str, str | None]:
    """Variables that look like ours and are not, each with the one that may have been meant; `doctor` warns of them."""
    known = [setting.variable for setting in SETTINGS]
    strangers = sorted(name for name in environ if name.startswith(VARIABLE_PREFIX) and name not in known)
    return {name: next(iter(difflib.get_close_matches(name, known, n=1, cutoff=0.8)), None) for name in strangers}


def _value(setting: Setting, environ: Mapping[str, str], override: object) -> Any:
    if override is not None:
        text, source = str(override), setting.option
    else:
        # An empty variable is how many tools say "not set".
        text, source = environ.get(setting.variable, "").strip(), setting.variable
        if not text:
            if setting.default is None:
                return None
            text = setting.default
    try:
        return setting.kind.read(text)
    except ValueError:
        given = {} if setting.is_secret else {"given": text[:_SHOWN_MAX_CHARACTERS]}
        # Without the cause, whose message may quote a secret.
        raise InputError(code="setting_invalid", setting=source, expected=setting.kind.expected, **given) from None


def _shown(setting: Setting, value: object) -> str:
    if value is None:
        return "not set"
    if setting.is_secret:
        return "set"
    if isinstance(value, tuple):
        return ", ".join(str(each) for each in value) or "none"
    return str(value)


if {each.name for each in fields(Settings)} != {setting.name for setting in SETTINGS}:
    raise AssertionError("the table of settings and the class of their values name different settings")
