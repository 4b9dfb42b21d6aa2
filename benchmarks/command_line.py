"""How long the command line takes to start: ``python -m benchmarks.command_line``."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.report import Measure, quantiles

REPEATS = 7


def main() -> list[Measure]:
    """Measure and return the median wall time [s] of importing the command line and of ``hydronum --help``."""
    return [
        Measure("import of the command line", _median([sys.executable, "-c", "import service.cli"]), "s", 1.0),
        Measure("hydronum --help", _median([sys.executable, "-m", "service.cli", "--help"]), "s"),
    ]


def _median(command: list[str]) -> float:
    seconds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - began)
    return quantiles(seconds)[0]


if __name__ == "__main__":
    for measure in main():
        print(measure)
