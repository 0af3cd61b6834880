"""One provider for each configuration: which adapter, what it is set up with, whether that can be right."""

from __future__ import annotations

import aiohttp

from counterfoil.foundation.clock import Clock, SystemClock
from counterfoil.recharge.model import ProviderKind
from counterfoil.recharge.providers.alipay import AlipayProvider
from counterfoil.recharge.providers.bank import BankProvider
from counterfoil.recharge.providers.descriptions import Description, Field, check, describe
from counterfoil.recharge.providers.epay import EpayProvider
from counterfoil.recharge.providers.port import Provider, ProviderConfig
from counterfoil.recharge.providers.wechat import WechatProvider

__all__ = ["Description", "Field", "build", "check", "describe"]


def build(config: ProviderConfig, session: aiohttp.ClientSession, *, clock: Clock | None = None) -> Provider:
    """The adapter of a configuration. It calls through `session`, which is not its to close.

    What is wrong or missing in the configuration stops nothing here: such a provider accepts no notice, and its calls are
    `Unavailable`. The clock is for the times that requests are signed with.
    """
    clock = clock or SystemClock()
    match config.kind:
        case ProviderKind.STRIPE:
            # The package takes half a second to import, which commands that ask nothing of Stripe need not wait for.
            from counterfoil.recharge.providers.stripe_provider import StripeProvider

            return StripeProvider(config, session)
        case ProviderKind.EPAY:
            return EpayProvider(config, session)
        case ProviderKind.ALIPAY:
            return AlipayProvider(config, session, clock=clock)
        case ProviderKind.WECHAT:
            return WechatProvider(config, session, clock=clock)
        case ProviderKind.BANK:
            return BankProvider(config)
