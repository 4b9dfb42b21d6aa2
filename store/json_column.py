"""Evidence and details as jsonb: times in ISO 8601, numbers finite, nothing else by accident."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import numpy as np

from domain.clock import format_utc


def to_json(value: Mapping[str, Any]) -> str:
    """Write a mapping as JSON.

    Raises
    ------
    ValueError
        If a number is not finite: it would not come back as what it was.
    TypeError
        If it holds something that JSON has no word for.

    >>> to_json({"value": np.float32(1.5), "at": datetime.fromisoformat("2021-07-14T00:00:00Z")})
    '{"value": 1.5, "at": "2021-07-14T00:00:00Z"}'
    """
    return _ENCODER.encode(dict(value))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return format_utc(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


_ENCODER: Final = json.JSONEncoder(default=_plain, allow_nan=False, ensure_ascii=False)
