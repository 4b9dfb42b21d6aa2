"""The description of the interface that stands in docs/openapi.json.

Write it anew after every intended change: ``python -m api.openapi_document docs/openapi.json``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from api.app import described_app


def openapi_text() -> str:
    """Return the OpenAPI document as it is kept: sorted, indented, ending in a newline."""
    return json.dumps(described_app().openapi(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def write_openapi(path: Path) -> None:
    """Write the OpenAPI document to ``path``."""
    path.write_text(openapi_text(), encoding="utf-8")


if __name__ == "__main__":
    write_openapi(Path(sys.argv[1]))
