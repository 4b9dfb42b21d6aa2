"""The ten days of July 2021 through the whole system, headless: ``python -m benchmarks.july_2021``."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import Measure


def main() -> list[Measure]:
    """Play the event once and return wall time [s], cycle times [s] and lost messages."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        command = ["demo", "--headless", "--speed", "max", "--out", f"{folder}/out", "--data-dir", f"{folder}/var"]
        subprocess.run([sys.executable, "-m", "service.cli", *command], check=True)
        seconds = time.perf_counter() - began
        summary = json.loads((Path(folder) / "out" / "summary.json").read_text(encoding="utf-8"))
    return [
        Measure("July 2021 headless, start to end", seconds, "s", 300.0),
        Measure("forecast cycle to commit within it, p50", summary["cycle_p50_s"], "s", 0.2),
        Measure("forecast cycle to commit within it, p95", summary["cycle_p95_s"], "s"),
        Measure("messages lost", summary["lost"], "", 0.0),
    ]


if __name__ == "__main__":
    for measure in main():
        print(measure)
