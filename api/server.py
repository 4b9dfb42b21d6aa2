"""The HTTP server: answers at once, and is able to stop although pages keep their event streams open."""

from __future__ import annotations

import socket

import uvicorn
from fastapi import FastAPI

from api.context import ApiContext


class ApiServer(uvicorn.Server):
    """A server that ends the event streams first when it is told to stop."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start; what is accepted on the given sockets answers without delay.

        Head and body of an answer are two small packets. Without TCP_NODELAY, which accepted connections
        inherit, the second waits 40 ms for the acknowledgement of the first.
        """
        for listening in sockets or []:
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await super().startup(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End every event stream, then stop as usual."""
        app = self.config.app
        context = app.state.context if isinstance(app, FastAPI) else None
        if isinstance(context, ApiContext):
            context.broadcast.close()
        await super().shutdown(sockets)


def api_server(app: FastAPI) -> ApiServer:
    """Return a server for the application; call ``run(sockets=[...])`` on it with a bound loopback socket."""
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=5, lifespan="on"
    )
    return ApiServer(config)
