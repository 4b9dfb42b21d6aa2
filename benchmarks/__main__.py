"""Every benchmark, one after the other, with the machine named: ``make bench``, or ``python -m benchmarks WORD``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from benchmarks import (
    alerts_and_api,
    command_line,
    first_paint,
    forecast_cycle,
    ingest,
    july_2021,
    publish_to_visible,
    twin,
)
from benchmarks.report import Measure, machine

BENCHMARKS: Sequence[tuple[str, Callable[[], list[Measure] | None]]] = (
    ("command line", command_line.main),
    ("twin against a plain routing", twin.main),
    ("forecast cycle without database", forecast_cycle.main),
    ("ingest", ingest.main),
    ("alerts and interface", alerts_and_api.main),
    ("publish to visible", publish_to_visible.main),
    ("first paint", first_paint.main),
    ("July 2021", july_2021.main),
)


def main(wanted: Sequence[str]) -> None:
    """Run the benchmarks whose name contains one of the words given, all without any."""
    print(machine())
    for name, run in BENCHMARKS:
        if wanted and not any(word in name for word in wanted):
            continue
        print(f"\n{name}")
        for measure in run() or ():
            print(f"  {measure}")


if __name__ == "__main__":
    main(sys.argv[1:])
