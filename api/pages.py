"""Serves the built pages, or says how to build them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.responses import Response
from starlette.routing import Match, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_OWN_PATHS: Final = ("/api", "/health", "/metrics")
_NOT_BUILT: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>HydroNum</title></head>
<body>
<h1>HydroNum is running</h1>
<p>The map has not been built. Build it with <code>make install</code> and start the service again.</p>
<p>The interface answers: <a href="/api/v1/state">state</a>, <a href="/api/v1/openapi.json">its description</a>,
<a href="/health">health</a>.</p>
</body>
</html>
"""


class _BuiltPages(StaticFiles):
    """Static files; names under assets/ carry a hash of their content and never change."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """Return a file with the caching that its name allows."""
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they came
        path = getattr(response, "path", "")
        hashed = "assets" in Path(str(path)).parts
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if hashed else "no-cache"
        return response


class _PagesMount(Mount):
    """A mount at / that leaves the API's paths alone, so that a wrong method there stays a 405."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match every path but the API's own."""
        path = scope.get("path", "")
        if any(path == own or path.startswith(f"{own}/") for own in _OWN_PATHS):
            return Match.NONE, {}
        return super().matches(scope)


def install_pages(app: FastAPI, web_dist: Path | None) -> None:
    """Serve ``web_dist`` at / when it holds a built page, else a plain page that says how to build it."""
    if web_dist is not None and (web_dist / "index.html").is_file():
        app.router.routes.append(_PagesMount("/", _BuiltPages(directory=web_dist, html=True), name="pages"))
        return
    app.add_api_route("/", _say_not_built, methods=["GET"], include_in_schema=False, response_class=HTMLResponse)


def _say_not_built() -> HTMLResponse:
    return HTMLResponse(_NOT_BUILT, headers={"Cache-Control": "no-cache"})
