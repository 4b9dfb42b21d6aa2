"""Errors as problem details (RFC 9457): one media type, one shape, in the words of the field."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.exceptions import HTTPException

from api.wire import Wire
from domain.errors import StoreUnavailable

logger = logging.getLogger(__name__)

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 2


class Fault(Wire):
    """One fault of a request."""

    location: Annotated[str, Field(examples=["query.variable"])]
    message: Annotated[str, Field(examples=["Input should be 'level', 'discharge' or 'rain'"])]


class ProblemDetails(Wire):
    """What went wrong (RFC 9457)."""

    type: Annotated[str, Field(description="Stable name of the kind of problem.", examples=["urn:hydronum:not-found"])]
    title: Annotated[str, Field(examples=["Not Found"])]
    status: Annotated[int, Field(examples=[404])]
    detail: Annotated[str, Field(examples=["There is no station VES_NOWHERE in this basin."])]
    instance: Annotated[str, Field(description="Path of the request.", examples=["/api/v1/stations"])]
    errors: Annotated[tuple[Fault, ...], Field(description="Every fault of the request, where it has several.")] = ()


class Problem(Exception):
    """A request cannot be answered; becomes problem details."""

    def __init__(self, status: HTTPStatus, kind: str, detail: str) -> None:
        self.status = status
        self.kind = kind
        self.detail = detail
        super().__init__(detail)


def not_found(detail: str) -> Problem:
    """Return the problem of a thing that is not there."""
    return Problem(HTTPStatus.NOT_FOUND, "not-found", detail)


def problem_response(
    status: int,
    kind: str,
    detail: str,
    instance: str,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return a response with problem details."""
    details = ProblemDetails(
        type=f"urn:hydronum:{kind}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=instance,
        errors=tuple(faults),
    )
    body: dict[str, Any] = details.model_dump(exclude_defaults=True)
    return JSONResponse(body, status, headers=dict(headers or {}), media_type=PROBLEM_MEDIA_TYPE)


def problem_schemas() -> Mapping[str, Any]:
    """Return the schemas that :func:`problem_document` refers to, for the components of an OpenAPI document."""
    schema = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), "ProblemDetails": schema}


def problem_document(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of problem responses."""
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {PROBLEM_MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of the application a problem."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(StoreUnavailable, _on_store_unavailable)
    app.add_exception_handler(Exception, _on_defect)


def _on_problem(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, Problem):
        raise error
    return problem_response(error.status, error.kind, error.detail, request.url.path)


def _on_invalid_request(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    faults = [
        Fault(location=".".join(str(part) for part in fault["loc"]), message=str(fault["msg"]))
        for fault in error.errors()
    ]
    named = "; ".join(f"{fault.location}: {fault.message}" for fault in faults)
    return problem_response(422, "invalid-request", named, request.url.path, faults)


def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    said = {
        HTTPStatus.NOT_FOUND: f"There is nothing at {request.url.path}.",
        HTTPStatus.METHOD_NOT_ALLOWED: f"{request.method} is not possible at {request.url.path}.",
    }.get(status, str(error.detail))
    kind = status.phrase.lower().replace(" ", "-")
    return problem_response(status, kind, said, request.url.path, headers=error.headers)


def _on_store_unavailable(request: Request, error: Exception) -> JSONResponse:
    logger.warning("request %s %s found no database: %s", request.method, request.url.path, error)
    detail = "The database cannot be reached; what is shown elsewhere may be old. Try again in a moment."
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    return problem_response(503, "store-unavailable", detail, request.url.path, headers=headers)


def _on_defect(request: Request, error: Exception) -> JSONResponse:
    logger.error("request %s %s failed", request.method, request.url.path, exc_info=error)
    return problem_response(500, "defect", "The service has a defect here; it was logged.", request.url.path)
