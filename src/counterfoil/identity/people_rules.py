"""Rules about people: passwords, names, throttling, second factors, devices. Pure; raises `InputError` naming the field."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from base64 import b32encode, urlsafe_b64encode
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from pyotp import HOTP

from counterfoil.foundation.errors import InputError
from counterfoil.foundation.periods import read_time_zone
from counterfoil.identity.access import Principal, StaffRole, own_permissions, staff_permissions
from counterfoil.identity.people_model import Session

MICROS_PER_SECOND = 1_000_000
_HOUR = 3_600 * MICROS_PER_SECOND
_DAY = 24 * _HOUR

# NIST SP 800-63B: length is what counts. The upper bound keeps hashing cheap.
PASSWORD_LENGTH_MIN = 10
PASSWORD_LENGTH_MAX = 256
_PASSWORD_LEAST_DIFFERENT = 5

SESSION_IDLE_MICROS = 14 * _DAY
SESSION_MICROS_MAX = 90 * _DAY
# The row of a session is written at most so often.
SESSION_TOUCH_MICROS = 60 * MICROS_PER_SECOND
# What is dangerous asks for the password or the second factor again after so long.
CONFIRMED_MICROS = 15 * 60 * MICROS_PER_SECOND

VERIFICATION_MICROS = 24 * _HOUR
RESET_MICROS = _HOUR
INVITATION_MICROS = 7 * _DAY

TOTP_STEP_SECONDS = 30
# Clocks of phones are a little off.
TOTP_STEPS_BESIDE = 1
RECOVERY_CODES = 10
RECOVERY_CODE_BYTES = 10

TOKEN_NAME_LENGTH_MAX = 120
WHY_LENGTH_MAX = 500

_BROWSERS = (
    ("Edge", re.compile(r"\bEdg(?:e|A|iOS)?/")), ("Opera", re.compile(r"\bOPR/")),
    ("WeChat", re.compile(r"\bMicroMessenger/")), ("Firefox", re.compile(r"\b(?:Firefox|FxiOS)/")),
    ("Chrome", re.compile(r"\b(?:Chrome|CriOS|Chromium)/")), ("Safari", re.compile(r"\bSafari/")),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", re.compile(r"\biPhone\b")), ("iPad", re.compile(r"\biPad\b")), ("Android", re.compile(r"\bAndroid\b")),
    ("Windows", re.compile(r"\bWindows\b")), ("macOS", re.compile(r"\bMac OS X\b|\bMacintosh\b")),
    ("ChromeOS", re.compile(r"\bCrOS\b")), ("Linux", re.compile(r"\bLinux\b")),
)  # fmt: skip


def check_password(password: str, *, email: str) -> str:
    """A password that may be chosen, as typed."""
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        raise InputError(code="password_unfit", least=PASSWORD_LENGTH_MIN, most=PASSWORD_LENGTH_MAX)
    local_part = email.partition("@")[0].lower()
    lowered = password.lower()
    is_guessable = lowered in (email.lower(), local_part) or len(set(password)) < _PASSWORD_LEAST_DIFFERENT
    if is_guessable or not _is_utf8(password):
        raise InputError(code="password_unfit", least=PASSWORD_LENGTH_MIN, most=PASSWORD_LENGTH_MAX)
    return password


def can_be_a_password(password: str) -> bool:
    """Whether it is worth hashing: what is longer was never chosen."""
    return len(password) <= PASSWORD_LENGTH_MAX and _is_utf8(password)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_time_zone(name: str | None) -> str | None:
    if name is not None:
        read_time_zone(name)
    return name


def check_token_name(name: str) -> str:
    cleaned = name.strip()
    if not 1 <= len(cleaned) <= TOKEN_NAME_LENGTH_MAX or not cleaned.isprintable():
        raise InputError(field="name", expected=f"1 to {TOKEN_NAME_LENGTH_MAX} printable characters")
    return cleaned


def check_scopes(scopes: Iterable[str], *, principal: Principal) -> frozenset[str]:
    """Scopes that the person's roles allow; raises `InputError` naming the first one that they do not."""
    wanted = frozenset(str(scope) for scope in scopes)
    allowed = allowed_scopes(principal)
    if not wanted:
        raise InputError(code="scopes_unfit", scope="", allowed=", ".join(sorted(allowed)))
    for scope in sorted(wanted):
        if scope not in allowed:
            raise InputError(code="scopes_unfit", scope=scope[:40], allowed=", ".join(sorted(allowed)))
    return wanted


def allowed_scopes(principal: Principal) -> frozenset[str]:
    """Every permission that a token of this person may carry."""
    return frozenset(str(one) for one in own_permissions(principal) | staff_permissions(principal))


def check_staff_roles(roles: Collection[StaffRole]) -> frozenset[StaffRole]:
    return frozenset(StaffRole(role) for role in roles)


# Throttling.


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How many tries are free, and how long the waits after them are: doubling from the first to the longest."""

    free: int
    first_seconds: int
    longest_seconds: int


# Fifteen minutes at most: nobody can lock somebody else out for good by guessing.
PER_EMAIL = Patience(free=5, first_seconds=2, longest_seconds=900)
# Many people may come from one office.
PER_ADDRESS = Patience(free=30, first_seconds=2, longest_seconds=900)
# Mails to one address, whoever asks for them.
PER_MAIL = Patience(free=3, first_seconds=120, longest_seconds=3_600)
# Tries are forgotten when there were none for so long.
THROTTLE_FORGOTTEN_MICROS = _DAY


def wait_after(tries: int, patience: Patience) -> int:
    """How many microseconds nobody may try, after so many tries."""
    beyond = tries - patience.free
    if beyond < 0:
        return 0
    seconds = min(patience.first_seconds << min(beyond, 20), patience.longest_seconds)
    return seconds * MICROS_PER_SECOND


def throttled_address(client_address: str) -> str:
    """What is throttled of an address: of IPv6 the network, of which everybody has one."""
    try:
        address = ipaddress.ip_address(client_address)
    except ValueError:
        return client_address[:64]
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


# Sessions.


def session_expiry(*, ends_at: int, last_used_at: int) -> int:
    return min(ends_at, last_used_at + SESSION_IDLE_MICROS)


def is_confirmed(session: Session, *, now: int) -> bool:
    """Whether the password or the second factor was given just now."""
    return now - session.confirmed_at <= CONFIRMED_MICROS


def csrf_of(token: str) -> str:
    """What belongs in every form of a session: only whoever has the session's token can make it."""
    digest = hmac.new(token.encode("utf-8", "surrogatepass"), b"counterfoil csrf", hashlib.sha256).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def hash_token(token: str) -> bytes:
    """What is kept of a token of 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def device_of(user_agent: str) -> str:
    """A browser and a system such as "Chrome on Linux"; nothing else of what the browser says is kept."""
    shortened = user_agent[:500]
    browser = next((name for name, pattern in _BROWSERS if pattern.search(shortened)), "")
    system = next((name for name, pattern in _SYSTEMS if pattern.search(shortened)), "")
    return " on ".join(part for part in (browser, system) if part)


# Second factors.


def totp_steps(now: int) -> range:
    """The steps whose codes are taken at a time."""
    step = now // (TOTP_STEP_SECONDS * MICROS_PER_SECOND)
    return range(step - TOTP_STEPS_BESIDE, step + TOTP_STEPS_BESIDE + 1)


def totp_code(secret: str, step: int) -> str:
    """The six digits of a step (RFC 6238), as authenticator apps have it; `secret` is in base 32."""
    return HOTP(secret).at(step)


def show_recovery_code(random: bytes) -> str:
    """A recovery code as people write it down: four groups of four letters and digits."""
    letters = b32encode(random).decode().lower()
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))


def hash_recovery_code(typed: str) -> bytes | None:
    """What is kept of a recovery code; None for what cannot be one."""
    cleaned = re.sub(r"[\s-]", "", typed.lower())
    if not re.fullmatch(r"[a-z2-7]{16}", cleaned):
        return None
    return hashlib.sha256(b"recovery " + cleaned.encode()).digest()
