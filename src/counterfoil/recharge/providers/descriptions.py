"""What each kind of provider is set up with, and whether a set-up can be right.

`check` finds what can be seen without asking the provider: what is missing, what has the wrong form, a public key where a
private one belongs. It says which field, and repeats nothing that was given.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from counterfoil.foundation.errors import InputError
from counterfoil.recharge.model import ProviderKind
from counterfoil.recharge.providers.keys import read_private_key, read_public_key
from counterfoil.recharge.providers.port import ProviderConfig

_TEXT_CHARACTERS_MAX = 4_000
_SECRET_CHARACTERS_MAX = 16_384
# Whoever can guess it can have any order credited.
SECRET_CHARACTERS_LEAST = 16
_FIELD_NAME = re.compile(r"[a-z][a-z_]{0,39}\Z")
_WORD = re.compile(r"[A-Za-z0-9_.\-]{1,64}\Z")
_DIGITS = re.compile(r"[0-9]{6,20}\Z")
_STRIPE_ACCOUNT = re.compile(r"acct_[A-Za-z0-9]{1,64}\Z")
_STRIPE_KEY = re.compile(r"[sr]k_[A-Za-z0-9_]{8,250}\Z")
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_CURRENCIES_MAX = 200

Check = Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A setting or a secret. `choices` are all that it can be; without it, `default` counts."""

    name: str
    check: Check
    required: bool = True
    choices: tuple[str, ...] = ()
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """One kind of provider. An empty `base_url` has to be given, where there is one; no `currencies` are all."""

    kind: ProviderKind
    merchant: Check
    settings: tuple[Field, ...] = ()
    secrets: tuple[Field, ...] = ()
    base_url: str = ""
    has_address: bool = True
    currencies: tuple[str, ...] = ()


def _is_word(text: str) -> bool:
    return _WORD.match(text) is not None


def _is_digits(text: str) -> bool:
    return _DIGITS.match(text) is not None


def _is_text(text: str) -> bool:
    return bool(text.strip()) and len(text) <= _TEXT_CHARACTERS_MAX and "\0" not in text


def _is_name(text: str) -> bool:
    return _is_text(text) and text.isprintable() and len(text) <= 100


def _is_token(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text and len(text) >= SECRET_CHARACTERS_LEAST


def _is_rotating_token(text: str) -> bool:
    parts = text.split()
    return 1 <= len(parts) <= 2 and all(_is_token(part) for part in parts)


def is_address(text: str) -> bool:
    """A place that calls can go to without being read on the way: https, or http within the machine or its network."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not text.isascii() or not text.isprintable() or " " in text or len(text) > 500 or not host:
        return False
    if parts.username or parts.password or parts.query or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_near(host))


def _is_near(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        # `localhost`, or the name of a neighbour in a Compose file.
        return "." not in host


def _one_of(name: str, *choices: str) -> Field:
    return Field(name=name, check=lambda text: text in choices, required=False, choices=choices, default=choices[0])


_PRIVATE_KEY = Field(name="private_key", check=lambda text: read_private_key(text) is not None)
_CNY = ("CNY",)

_DESCRIPTIONS = {
    one.kind: one
    for one in (
        Description(
            kind=ProviderKind.STRIPE,
            merchant=lambda text: _STRIPE_ACCOUNT.match(text) is not None,
            settings=(
                _one_of("mode", "checkout", "payment_intent"),
                _one_of("livemode", "true", "false"),
                # The operator's own page, for payment intents.
                Field(name="pay_page", check=is_address, required=False),
            ),
            secrets=(
                Field(name="api_key", check=lambda text: _STRIPE_KEY.match(text) is not None),
                # Without it no notice is believed, and orders are asked about.
                Field(name="webhook_secret", check=_is_rotating_token, required=False),
            ),
            base_url="https://api.stripe.com",
        ),
        Description(
            kind=ProviderKind.EPAY,
            merchant=_is_word,
            settings=(Field(name="type", check=_is_word, required=False),),
            secrets=(Field(name="key", check=_is_token),),
            currencies=_CNY,
        ),
        Description(
            kind=ProviderKind.ALIPAY,
            merchant=_is_digits,
            settings=(Field(name="app_id", check=_is_digits),),
            secrets=(
                _PRIVATE_KEY,
                Field(name="alipay_public_key", check=lambda text: read_public_key(text) is not None),
            ),
            base_url="https://openapi.alipay.com",
            currencies=_CNY,
        ),
        Description(
            kind=ProviderKind.WECHAT,
            merchant=_is_digits,
            settings=(
                Field(name="app_id", check=_is_word),
                Field(name="serial", check=_is_word),
                Field(name="platform_serial", check=_is_word),
            ),
            secrets=(
                _PRIVATE_KEY,
                Field(name="platform_public_key", check=lambda text: read_public_key(text) is not None),
                Field(name="apiv3_key", check=lambda text: _is_token(text) and len(text) == 32),
            ),
            base_url="https://api.mch.weixin.qq.com",
            currencies=_CNY,
        ),
        Description(
            kind=ProviderKind.BANK,
            merchant=_is_name,
            settings=(Field(name="instructions", check=_is_text),),
            has_address=False,
        ),
    )
}


def describe(kind: ProviderKind) -> Description:
    """What providers of a kind are set up with."""
    return _DESCRIPTIONS[kind]


def check(config: ProviderConfig, *, elsewhere: Collection[str] = ()) -> None:
    """Raises `InputError` with `provider_settings_wrong` and the `field` that is missing, unknown or cannot be right.

    `elsewhere` names secrets that another process holds (in its environment), so that nobody here can look at them.
    """
    description = describe(config.kind)
    if not description.merchant(config.merchant):
        raise _wrong(config, "merchant")
    _check_currencies(config, description)
    if not (is_address(config.base_url) if description.has_address else config.base_url == ""):
        raise _wrong(config, "base_url")
    _check_fields(config, description.settings, config.settings, most=_TEXT_CHARACTERS_MAX)
    _check_fields(config, description.secrets, config.secrets, most=_SECRET_CHARACTERS_MAX, elsewhere=elsewhere)
    if config.settings.get("mode") == "payment_intent" and not config.settings.get("pay_page"):
        raise _wrong(config, "pay_page")


def _check_currencies(config: ProviderConfig, description: Description) -> None:
    given = config.currencies
    well_formed = 1 <= len(given) <= _CURRENCIES_MAX and all(_CURRENCY.match(each) for each in given)
    if not well_formed or len(set(given)) != len(given):
        raise _wrong(config, "currencies")
    if description.currencies and not set(given) <= set(description.currencies):
        raise _wrong(config, "currencies")


def _check_fields(
    config: ProviderConfig,
    fields: tuple[Field, ...],
    given: Mapping[str, str],
    *,
    most: int,
    elsewhere: Collection[str] = (),
) -> None:
    known = {field.name for field in fields}
    for name in given:
        if name not in known:
            # Perhaps a secret was given in place of a name: what does not look like one is not repeated.
            raise _wrong(config, name if _FIELD_NAME.match(name) else "?")
    for field in fields:
        value = given.get(field.name, "")
        is_missing = not value and field.required and field.name not in elsewhere
        if is_missing or (value and (len(value) > most or not field.check(value))):
            raise _wrong(config, field.name)


def _wrong(config: ProviderConfig, field: str) -> InputError:
    return InputError(code="provider_settings_wrong", kind=str(config.kind), field=field)
