"""Metrics of the API process. Wall time exists here and nowhere else."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SECONDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class ApiMetrics:
    """The metrics and the registry that holds them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.requests = Counter(
            "hydronum_http_requests", "Requests answered.", ("method", "route", "status"), registry=registry
        )
        self.seconds = Histogram(
            "hydronum_http_request_seconds",
            "Time to the start of the answer.",
            ("route",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.pages = Gauge("hydronum_event_streams", "Open event streams.", registry=registry)
        self.database = Gauge("hydronum_database_up", "Whether the database answers (1) or not (0).", registry=registry)
        self.dead_letters = Gauge(
            "hydronum_dead_letters", "Field messages that could not become readings.", registry=registry
        )
        self.newest_commit = Gauge(
            "hydronum_newest_commit_timestamp_seconds", "Run time of the newest committed message.", registry=registry
        )
        self.newest_forecast = Gauge(
            "hydronum_newest_forecast_timestamp_seconds", "Issue time of the newest forecast.", registry=registry
        )
        self.stations = Gauge(
            "hydronum_stations", "Stations by basis and state.", ("basis", "state"), registry=registry
        )


class RequestMetrics:
    """ASGI layer that counts and times requests by name of the route, never by raw path."""

    def __init__(self, app: ASGIApp, metrics: ApiMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Time a request to the start of its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin = time.perf_counter()

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "name", "other")
                self._metrics.requests.labels(_method(scope["method"]), route, str(message["status"])).inc()
                self._metrics.seconds.labels(route).observe(time.perf_counter() - begin)
            await send(message)

        await self._app(scope, receive, send_counted)


def _method(method: str) -> str:
    """Return a method as label; unknown ones share one label so that nobody can invent thousands."""
    return method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "other"
