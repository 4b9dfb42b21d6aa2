from __future__ import annotations

import json
from pathlib import Path

from api.app import described_app
from api.openapi_document import openapi_text, write_openapi

KEPT = Path(__file__).parents[3] / "docs" / "openapi.json"


def test_the_interface_is_the_one_described_in_docs() -> None:
    assert json.loads(KEPT.read_text(encoding="utf-8")) == json.loads(openapi_text()), (
        "the interface changed: if that is meant, run `python -m api.openapi_document docs/openapi.json`"
    )


def test_writing_the_description_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    write_openapi(tmp_path / "a.json")
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == openapi_text()


def test_every_operation_is_described() -> None:
    document = described_app().openapi()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            assert operation["description"], (method, path)
            assert all(parameter.get("description") for parameter in operation.get("parameters", ())), path


def test_problems_are_described_once_with_their_media_type() -> None:
    document = described_app().openapi()
    assert "ProblemDetails" in document["components"]["schemas"]
    assert "HTTPValidationError" not in document["components"]["schemas"]
    answer = document["paths"]["/api/v1/clock"]["post"]["responses"]["409"]
    assert list(answer["content"]) == ["application/problem+json"]
