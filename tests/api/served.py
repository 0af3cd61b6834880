"""The management API on the use cases of one test: FastAPI works every route out anew for each application it builds."""

from __future__ import annotations

from dataclasses import replace

from fastapi import FastAPI

from counterfoil.api.application import build_application
from counterfoil.api.services import Services

_BUILT: list[FastAPI] = []


def application_on(services: Services) -> FastAPI:
    """The one application of this worker, from now on with these use cases."""
    if not _BUILT:
        _BUILT.append(build_application(replace(services, is_operator=_is_operator)))
    _BUILT[0].state.services = services
    return _BUILT[0]


def _is_operator(token: str) -> bool:
    services: Services = _BUILT[0].state.services
    return services.is_operator(token)
