"""How benchmarks say what they measured."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from typing import NamedTuple


class Measure(NamedTuple):
    """One figure; ``limit`` is what the project aims to stay within, None where it only informs."""

    name: str
    value: float
    unit: str
    limit: float | None = None

    def __str__(self) -> str:
        verdict = (
            ""
            if self.limit is None
            else f"  (aim <= {self.limit:g}: {'met' if self.value <= self.limit else 'MISSED'})"
        )
        return f"{self.name:<58} {self.value:>10.4g} {self.unit}{verdict}"


def quantiles(seconds: Sequence[float]) -> tuple[float, float]:
    """Return median and 95 % quantile."""
    return statistics.median(seconds), statistics.quantiles(seconds, n=20, method="inclusive")[-1]


def machine() -> str:
    """Return what the figures were measured on."""
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            name = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return (
        f"{name}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}"
    )
