"""The application: routers, layers around them, and the thread that listens for changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry
from starlette.middleware.gzip import GZipMiddleware

from api.broadcast import Broadcast, NoticePump
from api.context import ApiContext, ApiSettings
from api.geometry_documents import geometry_documents
from api.metrics_registry import ApiMetrics, RequestMetrics
from api.pages import install_pages
from api.ports import ApiStore, NoticeSource
from api.problems import install_problem_handlers, problem_schemas
from api.reach_station import station_of_reach
from api.routers import (
    alerts,
    basin,
    clock,
    events,
    forecasts,
    geometry,
    health,
    metrics,
    observations,
    state,
    stations,
    transitions,
)
from api.security import SecurityGate
from domain.basin import Basin
from domain.clock import Clock, WallClock

API_VERSION: Final = "1.0.0"
PREFIX: Final = "/api/v1"
_NOUNS: Final = (clock, basin, geometry, stations, state, observations, forecasts, alerts, transitions, events)
_OPERATIONS: Final = (health, metrics)


class _HydroNumApi(FastAPI):
    """An application whose description knows the shape of its problems."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        document = super().openapi()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(problem_schemas())
        return document


def create_app(
    basin: Basin,
    store: ApiStore,
    notices: NoticeSource,
    settings: ApiSettings | None = None,
    wall: Clock | None = None,
) -> FastAPI:
    """Make the application.

    Parameters
    ----------
    basin
        The region that is shown.
    store
        Where everything is read, and where acknowledgements and requests to the clock are written.
    notices
        Word of commits; one thread listens to it while the application runs.
    settings
        What may be chosen; the defaults serve no pages and answer under loopback names alone.
    wall
        The machine's clock; it is the run's time in live mode.
    """
    settings = settings or ApiSettings()
    colours = station_of_reach(basin)
    context = ApiContext(
        basin=basin,
        store=store,
        notices=notices,
        wall=wall or WallClock(),
        settings=settings,
        broadcast=Broadcast(settings.queue_length),
        metrics=ApiMetrics(CollectorRegistry()),
        station_of_reach=colours,
        geometry=geometry_documents(basin, colours),
    )
    app = described_app()
    app.state.context = context
    install_problem_handlers(app)
    install_pages(app, settings.web_dist)
    # The last added is the outermost.
    app.add_middleware(GZipMiddleware, minimum_size=1024, compresslevel=5)
    app.add_middleware(RequestMetrics, metrics=context.metrics)
    app.add_middleware(SecurityGate, hosts=settings.allowed_hosts)
    return app


def described_app() -> FastAPI:
    """Return the routes and their description, without anything behind them."""
    # No interactive documentation pages: they load scripts from elsewhere, and nothing here asks outside.
    app = _HydroNumApi(
        title="HydroNum",
        summary="The state and the forecast of a river region, and the operator's list of alerts.",
        description=(
            "Times are aware UTC (ISO 8601 with Z), quantities SI with the unit beside them. Missing is never safe: "
            "`no_data` and `no_threshold` are states of their own. Errors are problem details (RFC 9457). What rests "
            "on reconstructed input carries a `label`."
        ),
        version=API_VERSION,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        generate_unique_id_function=_operation_id,
        lifespan=_lifespan,
    )
    for noun in _NOUNS:
        app.include_router(noun.router, prefix=PREFIX)
    for operation in _OPERATIONS:
        app.include_router(operation.router)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Listen for notices as long as the application runs."""
    context: ApiContext = app.state.context
    pump = NoticePump(context.notices, context.broadcast)
    pump.start(asyncio.get_running_loop())
    try:
        yield
    finally:
        context.broadcast.close()
        await asyncio.to_thread(pump.stop)


def _operation_id(route: APIRoute) -> str:
    return route.name
