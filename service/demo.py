"""``hydronum demo``: a past event through the whole system on servers and a database of its own."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from domain.alerts import Transition
from domain.basin import Basin
from domain.basin_files import read_basin
from domain.clock import format_utc
from domain.errors import ConfigurationError, ServerError
from domain.event_pack import EventPack, read_event_pack
from domain.records import RunClock, RunMode
from domain.variables import Variable
from service.conductor import Conductor, PlayFigures, Sent
from service.embedded.broker import EmbeddedBroker
from service.embedded.folder import ServerFolder
from service.embedded.postgres import EmbeddedPostgres
from service.settings import Settings, read_settings
from service.summary import PeakReport, chronology_rows, figures_of_time, station_rows
from service.supervisor import StopSignal, Supervisor
from store.clock import ClockRepository
from store.connection import Database
from store.migrations import migrate
from store.queries import Queries
from store.readings import ReadingRepository

if TYPE_CHECKING:
    from service.model_jobs import DemoJobs
    from simulator.publisher import Publisher
    from simulator.simulation import Simulation

FULL_SPEED: Final = 1e6  # event seconds per second; more than any machine reaches
PORTS_TRIED: Final = 20
EXERCISE: Final = "Exercise"
WATCH_EVERY_S: Final = 0.5
LOGGED_STEPS: Final = 24  # where no bar can be drawn, a line every six hours of the event


@dataclass(frozen=True)
class DemoOptions:
    """What was asked for on the command line; ``speed`` None means as fast as possible."""

    data_dir: Path
    port: int
    headless: bool
    speed: float | None
    out: Path | None
    event: str
    until: datetime | None
    basin: Path | None


def run_demo(options: DemoOptions) -> int:
    """Play an event and return the exit code: 0 only if no message was lost.

    Raises
    ------
    ConfigurationError
        When the basin, the event or an option cannot be used.
    ServerError
        When the data folder cannot be used or a server does not start.
    """
    console = Console(stderr=True, highlight=False)
    settings = read_settings(basin=options.basin, data_dir=options.data_dir)
    basin = read_basin(settings.basin)
    pack = read_event_pack(_event_folder(settings.basin, options.event), basin)
    if options.until is not None and options.until < pack.starts_at:
        span = f"{format_utc(pack.starts_at)} to {format_utc(pack.ends_at)}"
        raise ConfigurationError([f"until {format_utc(options.until)} lies before the event, which lasts {span}"])
    if options.out is not None:
        _prepare_out(options.out)
    stop = threading.Event()
    StopSignal(stop).install()
    with _Demo(options, settings, basin, pack, console, stop) as demo:
        summary = demo.play()
        if options.out is not None:
            target = options.out / "summary.json"
            target.write_text(json.dumps(summary, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
            console.print(f"Summary: {target}")
        if not options.headless and not stop.is_set():
            console.print("The event is over. The page stays until Ctrl-C.")
            stop.wait()
    console.print(_verdict(summary))
    return 0 if summary["lost"] == 0 else 1


def _event_folder(basin_folder: Path, event: str) -> Path:
    folder = basin_folder / "events" / event
    if not folder.is_dir():
        known = sorted(path.name for path in (basin_folder / "events").glob("*") if path.is_dir())
        raise ConfigurationError([f"event {event!r} does not exist in {basin_folder}; there is {', '.join(known)}"])
    return folder


def _prepare_out(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigurationError([f"folder {folder} for the summary cannot be used: {error.strerror}"]) from error


def _verdict(summary: dict[str, Any]) -> str:
    return (
        f"{summary['published']} messages published, {summary['stored']} stored, "
        f"{summary['dead_lettered']} kept as dead letters, {summary['lost']} lost; "
        f"{summary['forecasts_issued']} forecasts. A system test on a reconstruction, never skill."
    )


class _Demo:
    """Servers, roles and the conductor of one demo; a context manager that ends all of them."""

    def __init__(
        self,
        options: DemoOptions,
        settings: Settings,
        basin: Basin,
        pack: EventPack,
        console: Console,
        stop: threading.Event,
    ) -> None:
        self._options = options
        self._settings = settings
        self._basin = basin
        self._pack = pack
        self._console = console
        self._stop = stop
        self._folder = options.data_dir / "demo"
        self._lock = ServerFolder(self._folder, "demo")
        self._postgres = EmbeddedPostgres(self._folder / "database")
        self._broker = EmbeddedBroker(self._folder / "broker")
        self._on_exit = contextlib.ExitStack()
        self._port = 0

    def __enter__(self) -> _Demo:
        try:
            self._start()
        except BaseException:
            self._on_exit.close()
            raise
        return self

    def __exit__(self, *exit_reason: object) -> None:
        self._console.print("Stopping ...")
        self._on_exit.close()

    def _start(self) -> None:
        """Start servers on an empty store, then the roles; the page is up before the event is made."""
        self._lock.claim()
        self._on_exit.callback(self._lock.release)
        for part in ("database", "broker", "logs"):
            shutil.rmtree(self._folder / part, ignore_errors=True)
        self._postgres.start()
        self._on_exit.callback(self._postgres.stop)
        url = self._postgres.create_database("demo")
        self._broker.start()
        self._on_exit.callback(self._broker.stop)
        migrate(url, age_policies=False)
        self._database = self._on_exit.enter_context(Database(url))
        self._queries = Queries(self._database)
        self._clocks = ClockRepository(self._database)
        ReadingRepository(self._database).register_devices({name: [name] for name in self._basin.stations})
        self._clocks.start_clock(self._first_clock())
        self._supervisor = Supervisor(self._environment(url), self._folder / "logs")
        self._on_exit.callback(self._supervisor.stop)
        self._supervisor.start(["ingest"] if self._options.headless else ["ingest", "api"])
        over = threading.Event()
        watch = threading.Thread(target=self._watch, args=(over,), name="watch")
        watch.start()
        self._on_exit.callback(watch.join)
        self._on_exit.callback(over.set)
        if not self._options.headless:
            _wait_for_page(self._port, self._supervisor, self._stop)
            self._console.print(f"HydroNum is on http://127.0.0.1:{self._port}")

    def _first_clock(self) -> RunClock:
        speed = FULL_SPEED if self._options.speed is None else self._options.speed
        pack = self._pack
        label = f"{EXERCISE}: {pack.title}. {pack.label}"
        return RunClock(RunMode.DEMO, label, pack.starts_at, pack.ends_at, pack.starts_at, playing=True, speed=speed)

    def _environment(self, url: str) -> dict[str, str]:
        if not self._options.headless:
            self._port = _free_port(self._options.port)
            if self._port != self._options.port:
                self._console.print(f"Port {self._options.port} is in use; taking {self._port}.")
        return {
            "HYDRONUM_DATABASE_URL": url,
            "HYDRONUM_BROKER_URL": self._broker.url("ingest"),
            "HYDRONUM_BASIN": str(self._settings.basin.absolute()),
            "HYDRONUM_CLOCK": "database",
            "HYDRONUM_PORT": str(self._port or self._options.port),
        }

    def play(self) -> dict[str, Any]:
        """Make the event, play it, and return the summary."""
        with self._console.status("Simulating the rivers as they were (the hidden truth) ..."):
            simulation = _simulation(self._basin, self._pack)
        with self._console.status("Warming up the twin over the year before ..."):
            jobs = self._jobs()
        until = min(self._options.until or self._pack.ends_at, self._pack.ends_at)
        from simulator.publisher import Publisher

        with Publisher(self._broker.url("field"), self._basin.basin_id) as publisher:
            conductor = Conductor(
                _SimulatedField(simulation, publisher),
                _DemoClock(self._clocks),
                self._queries,
                jobs,
                self._stop,
            )
            with self._progress(sum(1 for step in simulation.steps if step <= until)) as on_step:
                figures = conductor.play(until, on_step)
        return self._summary(simulation, figures)

    def _jobs(self) -> DemoJobs:
        from service.model_jobs import demo_jobs

        labelled = self._settings.model_copy(update={"label": self._pack.label})
        return demo_jobs(self._basin, self._pack, self._database, labelled)

    def _watch(self, over: threading.Event) -> None:
        """Start again what died: a demo must survive a killed server like operations do."""
        while not over.wait(WATCH_EVERY_S):
            try:
                if not self._postgres.is_alive():
                    self._postgres.start()
                if not self._broker.is_alive():
                    self._broker.start()
                self._supervisor.check()
            except ServerError as error:
                self._console.print(f"hydronum: {error}")

    @contextlib.contextmanager
    def _progress(self, steps: int) -> Iterator[Any]:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._console) as progress:
            task = progress.add_task("Playing", total=steps)

            def on_step(at: datetime, figures: PlayFigures) -> None:
                progress.update(task, advance=1, description=f"Playing {format_utc(at)}")
                if not self._console.is_terminal and (figures.steps - 1) % LOGGED_STEPS == 0:
                    self._console.print(f"Playing {format_utc(at)}: step {figures.steps} of {steps}")

            yield on_step

    def _summary(self, simulation: Simulation, figures: PlayFigures) -> dict[str, Any]:
        from alerts.proposals import proposal_rows, propose

        committed = self._queries.committed_messages()
        rejected = self._queries.settled_messages() - committed
        median, high = figures_of_time(figures.cycle_s)
        ingest_median, ingest_high = figures_of_time(figures.ingest_s)
        truth = simulation.truth

        def true_peak(station_id: str, variable: Variable) -> tuple[datetime, float] | None:
            values = truth.at_station(station_id, variable)[: figures.steps]
            if not np.isfinite(values).any():
                return None
            best = int(np.nanargmax(values))
            return truth.steps[best], float(values[best])

        after, until = simulation.steps[0], simulation.steps[max(figures.steps - 1, 0)]
        report = PeakReport(self._queries, true_peak, self._pack.warmup_starts_at, until)
        transitions = [
            Transition(row.station_id, row.basis, row.at, row.before, row.after, row.reason, row.evidence)
            for row in self._queries.transitions(None, 1_000_000)
        ]
        return {
            "what": "system test on a reconstruction, never skill",
            "event": self._pack.name,
            "label": self._pack.label,
            "played": {"from": format_utc(after), "until": format_utc(until), "steps": figures.steps},
            "published": figures.published,
            "stored": committed,
            "dead_lettered": rejected,
            "lost": figures.published - committed - rejected,
            "readings_stored": self._queries.stored_readings(),
            "dead_letters_by_reason": dict(self._queries.dead_letters_by_reason()),
            "forecasts_issued": len(figures.cycle_s),
            "cycle_p50_s": median,
            "cycle_p95_s": high,
            "water_balance_error_worst": self._queries.worst_water_balance_error(),
            "publish_to_committed_step_p50_s": ingest_median,
            "publish_to_committed_step_p95_s": ingest_high,
            "stations": station_rows(self._basin, report),
            "proposals": proposal_rows(propose(transitions, self._basin), self._basin),
            "official_chronology": chronology_rows(self._pack.chronology),
        }


class _SimulatedField:
    """The simulator's devices behind the broker."""

    def __init__(self, simulation: Simulation, publisher: Publisher) -> None:
        self._simulation = simulation
        self._publisher = publisher

    @property
    def steps(self) -> Sequence[datetime]:
        return self._simulation.steps

    def send(self, step: int) -> Sequence[Sent]:
        messages = self._simulation.messages(step)
        self._publisher.publish(messages)
        return messages


class _DemoClock:
    """The clock row of the demo's database."""

    def __init__(self, clocks: ClockRepository) -> None:
        self._clocks = clocks

    def advance(self, at: datetime) -> tuple[bool, float]:
        clock = self._clocks.advance_clock(at)
        return clock.playing, clock.speed

    def wishes(self) -> tuple[bool, float]:
        clock = self._clocks.run_clock()
        if clock is None:
            raise ServerError("the clock of the demo is gone")
        return clock.playing, clock.speed


def _simulation(basin: Basin, pack: EventPack) -> Simulation:
    from simulator.scenario import read_scenario
    from simulator.simulation import Simulation

    return Simulation(basin, read_scenario(pack.folder / "scenario.toml"))


def _free_port(wanted: int) -> int:
    for port in range(wanted, min(wanted + PORTS_TRIED, 65_536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ConfigurationError([f"ports {wanted} to {wanted + PORTS_TRIED - 1} are all in use; choose one with --port"])


def _wait_for_page(port: int, supervisor: Supervisor, stop: threading.Event) -> None:
    """Wait until the page answers, or say why it does not."""
    while not stop.is_set():
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0):
            return
        supervisor.require_alive("api")
        time.sleep(0.05)
