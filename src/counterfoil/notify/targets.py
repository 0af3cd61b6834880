"""Addresses of channels: which are allowed, what may be shown of them, and the mail server's without readers.

Whatever an address holds may be a secret, the host of many services included: errors never repeat it (L12).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from counterfoil.foundation.errors import InputError
from counterfoil.notify.model import Target

URL_CHARACTERS_MAX = 2_000
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\Z")
_SCHEME = re.compile(r"([a-z][a-z0-9]{1,19})://\S+\Z")

# Apprise's services that only send something to somebody. It knows others, which run programs, write files or ring this
# machine's desktop; those must never be reachable from an address that somebody typed.
# Each with the options that its addresses may have. Those left out read files or addresses (`template`, `pgp…`,
# `image`), weaken the connection (`verify`, `redirect`) or take over what is decided here (`retry`, `store`, timeouts).
_ANY_HOST = {
    "json": frozenset({"method"}),
    "form": frozenset({"method"}),
    "mmost": frozenset({"channel", "channels", "botname", "team", "to", "mode"}),
    "rocket": frozenset({"mode", "to", "webhook"}),
    "gotify": frozenset({"priority"}),
    "bark": frozenset({"group", "level", "sound", "to"}),
    "workflow": frozenset({"id", "sig", "ver", "api-version", "pa", "powerautomate", "route", "routeid", "wrap"}),
}
_MAIL = frozenset({"from", "name", "smtp", "mode", "user", "pass", "reply", "to", "cc", "bcc"})
_ONE_PLACE = {
    "dingtalk": frozenset({"to", "token", "secret"}),
    "feishu": frozenset({"token"}),
    "lark": frozenset(),
    "wecombot": frozenset({"key"}),
    "slack": frozenset({"to", "token", "mode", "footer", "blocks", "timestamp"}),
    "tgram": frozenset({"to", "topic", "thread", "silent", "preview"}),
    "discord": frozenset({"thread", "tts", "footer", "fields"}),
    "gchat": frozenset({"workspace", "key", "token", "thread"}),
    "zulip": frozenset({"to", "token"}),
    "schan": frozenset(),
    "pushplus": frozenset({"to", "token", "topic", "channel"}),
    "wxpusher": frozenset({"to", "token"}),
    "pagerduty": frozenset({"group", "class", "region", "severity"}),
    "opsgenie": frozenset({"region", "priority", "tags", "to"}),
}
_SECURE_FORMS = {"mmost": "mmosts", "rocket": "rockets", "gotify": "gotifys", "bark": "barks", "json": "jsons",
                 "form": "forms", "workflow": "workflows"}  # fmt: skip
_PLAIN_OF = {secure: plain for plain, secure in _SECURE_FORMS.items()}
# Always over TLS, whatever they are called.
_ALWAYS_SECURE = frozenset({"workflow"})
# RFC 6761, RFC 6762, RFC 8375, and what home routers and clouds use.
_PRIVATE_NAMES = frozenset(
    {"localhost", "local", "internal", "lan", "home", "arpa", "test", "invalid", "intranet", "corp"}
)
_MAIL_SCHEMES = frozenset({"mailto", "mailtos"})
# Headers, query and body fields of what is posted to a receiver of one's own: `+X-Token=…`.
_OWN_FIELDS = frozenset({"json", "form"})
_FIELD_PREFIXES = ("+", "-", ":")
SERVICES = tuple(sorted({*_ONE_PLACE, *_PLAIN_OF, *_ANY_HOST, *_MAIL_SCHEMES}))


def read_webhook(url: str, *, plain_hosts: Collection[str] = ()) -> Target:
    """The address of a webhook: https, or http to this machine and to hosts that may be written to in plain.

    Raises `InputError`, which does not repeat it.
    """
    scheme = _scheme_of(url)
    if scheme not in ("http", "https"):
        raise InputError(code="channel_url_unreadable", expected="https://HOST/PATH")
    host, port = _authority_of(url)
    if "@" in urlsplit(url).netloc or urlsplit(url).fragment:
        raise InputError(code="channel_url_unreadable", expected="https://HOST/PATH, without a user or a fragment")
    target = Target(url=url, mask=_mask(scheme, host, port), host=host, encrypted=scheme == "https")
    return _checked(target, plain_hosts)


def read_apprise(url: str, *, plain_hosts: Collection[str] = ()) -> Target:
    """An Apprise address of a service that only sends something to somebody. Raises `InputError`, which does not repeat it."""
    scheme = _scheme_of(url)
    service = _PLAIN_OF.get(scheme, scheme)
    if scheme not in SERVICES:
        raise InputError(code="channel_service_refused", services=", ".join(SERVICES))
    _check_options(url, service)
    if service in _ONE_PLACE:
        return Target(url=url, mask=f"{scheme}://…", host=None, encrypted=True)
    host, port = _authority_of(url)
    mask, encrypted = _mask(scheme, host, port), scheme in _PLAIN_OF or scheme in _ALWAYS_SECURE
    if scheme in _MAIL_SCHEMES:
        server, encrypted = _mail_server(scheme, url)
        host = server or host
    return _checked(Target(url=url, mask=mask, host=host, encrypted=encrypted), plain_hosts)


def check_public(target: Target) -> None:
    """Raise `InputError` where an address leads into the operator's own network, as far as it says so by itself.

    What customers enter is sent to from where the operator's machines are: it must not reach what only they can reach.
    """
    host = target.host
    if host is None:
        return
    is_inside = not ip_address(host).is_global if _is_address(host) else _names_a_neighbour(host)
    if is_inside:
        raise InputError(code="channel_address_private", channel=target.mask)


def _names_a_neighbour(host: str) -> bool:
    """A name that no public name server knows. One of digits only is an address to some resolvers."""
    last = host.rpartition(".")[2]
    return "." not in host or last in _PRIVATE_NAMES or last.isdecimal() or last.startswith("0x")


def mail_server(mail_url: str) -> str:
    """The mail server's address without any reader that it names."""
    parts = urlsplit(mail_url)
    kept = [pair for name, pair in _options(mail_url) if name not in ("to", "cc", "bcc")]
    return f"{parts.scheme}://{parts.netloc}/?" + "&".join(kept)


def check_mail_url(mail_url: str) -> None:
    """Raises `InputError`, without the address, where it is no mail server that could be used."""
    if _scheme_of(mail_url) not in _MAIL_SCHEMES:
        raise InputError(code="channel_url_unreadable", expected="mailtos://USER:PASSWORD@HOST")
    _check_options(mail_url, "mailto")
    _authority_of(mail_url)


def _scheme_of(url: str) -> str:
    found = _SCHEME.match(url)
    # Parsers differ in what they make of # and of a backslash: what was checked would not be what is used.
    if found is None or len(url) > URL_CHARACTERS_MAX or not url.isprintable() or "#" in url or "\\" in url:
        raise InputError(code="channel_url_unreadable", expected="SERVICE://…, without spaces; # as %23")
    return found[1]


def _options(url: str) -> list[tuple[str, str]]:
    """Each option's name with the option as it was written, read as Apprise reads them."""
    pairs = [pair for part in url.partition("?")[2].split("&") for pair in part.split(";") if pair]
    return [(unquote(pair.partition("=")[0]).strip().lower(), pair) for pair in pairs]


def _authority_of(url: str) -> tuple[str, int | None]:
    """Host and port. What stands before an @ that is not encoded, or a host that is none, may be part of a password."""
    parts = urlsplit(url)
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    path = url.partition("?")[0].partition("://")[2].removeprefix(parts.netloc)
    if "@" in path or parts.netloc.count("@") > 1 or not (_HOST.match(host) or _is_address(host)):
        raise InputError(code="channel_url_unreadable", expected="SERVICE://[USER:PASSWORD@]HOST[:PORT]/…")
    return host, port


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _check_options(url: str, service: str) -> None:
    allowed = _MAIL if service in _MAIL_SCHEMES else _ANY_HOST.get(service) or _ONE_PLACE.get(service) or frozenset()
    for name, _ in _options(url):
        if name in allowed or (service in _OWN_FIELDS and name.startswith(_FIELD_PREFIXES)):
            continue
        # A name that is not one of Apprise's own may be anything.
        shown = name if name.isascii() and name.isalnum() and len(name) <= 12 else "?"
        raise InputError(code="channel_option_refused", option=shown, allowed=", ".join(sorted(allowed)))


def _mail_server(scheme: str, url: str) -> tuple[str | None, bool]:
    """The server that an address names beside its domain, if it does, and whether the way there is encrypted."""
    given = {name: unquote(pair.partition("=")[2]).strip().lower() for name, pair in _options(url)}
    mode = given.get("mode", "")
    return given.get("smtp") or None, mode in ("starttls", "ssl") if scheme == "mailto" else mode != "insecure"


def _mask(scheme: str, host: str, port: int | None) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" + (f":{port}" if port is not None else "")


def _checked(target: Target, plain_hosts: Collection[str]) -> Target:
    host = target.host or ""
    if not (target.encrypted or _is_this_machine(host) or host in plain_hosts):
        raise InputError(code="channel_not_encrypted", channel=target.mask)
    return target


def _is_this_machine(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)
