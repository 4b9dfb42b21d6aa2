"""The command line ``hydronum``. Heavy imports wait until a command needs them, so that help comes at once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from domain.errors import ConfigurationError, HydroNumError

app = typer.Typer(
    name="hydronum",
    help="HydroNum: the digital twin that protects a river region from floods.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
basin_app = typer.Typer(help="Look after a basin folder.", no_args_is_help=True)
secrets_app = typer.Typer(help="Credentials of the production shape.", no_args_is_help=True)
app.add_typer(basin_app, name="basin")
app.add_typer(secrets_app, name="secrets")

DataDir = Annotated[Path, typer.Option(help="Folder that holds everything this run stores.")]
BasinDir = Annotated[Path | None, typer.Option("--basin", help="Basin folder; default: Wallonia.")]


class Role(StrEnum):
    """What one process of the service does."""

    INGEST = "ingest"
    MODEL = "model"
    API = "api"


@app.command()
def demo(
    *,
    data_dir: DataDir = Path("var"),
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="Port of the web page; when busy, the next free one is taken.")
    ] = 8000,
    headless: Annotated[bool, typer.Option("--headless", help="No web page; ends with the event.")] = False,
    speed: Annotated[str, typer.Option(help="Event seconds per second, or max.")] = "3600",
    out: Annotated[Path | None, typer.Option(help="Folder for summary.json (with --headless).")] = None,
    event: Annotated[str, typer.Option(help="Event pack of the basin to play.")] = "2021-07",
    until: Annotated[str | None, typer.Option(help="Stop at this event time, e.g. 2021-07-15T00:00:00Z.")] = None,
    basin: BasinDir = None,
) -> None:
    """Play a past event through the whole system: sensors, broker, database, twin, forecasts, alerts, map.

    A system test on a reconstruction, never a proof of skill.
    """
    from domain.clock import parse_speed
    from service.demo import DemoOptions, run_demo

    options = DemoOptions(
        data_dir=data_dir,
        port=port,
        headless=headless,
        speed=parse_speed(speed),
        out=out,
        event=event,
        until=_instant(until),
        basin=basin,
    )
    raise typer.Exit(run_demo(options))


@app.command()
def run(
    *,
    role: Annotated[Role | None, typer.Option(help="Run this role only; default: all, supervised.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the embedded servers.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the web interface.")] = None,
) -> None:
    """Run the service on live data. Database and broker come from the settings, else embedded ones are started."""
    from service.live import run_all
    from service.roles import run_role
    from service.settings import read_settings

    settings = read_settings(data_dir=data_dir, port=port)
    raise typer.Exit(run_all(settings) if role is None else run_role(role.value, settings))


@app.command()
def simulate(
    scenario: Annotated[Path, typer.Argument(help="Scenario file (TOML), or the name of a shipped one.")],
    *,
    truth_out: Annotated[Path, typer.Option(help="Folder for the truth: tidy data set, NetCDF, faults.")],
    broker: Annotated[str | None, typer.Option(help="Publish to mqtt://user:password@host:port as well.")] = None,
    speed: Annotated[str, typer.Option(help="max, real, or event seconds per second.")] = "max",
    seed: Annotated[int | None, typer.Option(help="Replaces the scenario's seed.")] = None,
    basin: BasinDir = None,
) -> None:
    """Simulate a river region with known truth and publish what its sensors would say."""
    from service.settings import read_settings
    from simulator.command import simulate as simulate_scenario

    basin_folder = read_settings(basin=basin).basin
    report = simulate_scenario(scenario, broker, truth_out, basin_folder=basin_folder, speed=speed, seed=seed)
    typer.echo(
        f"{report.scenario}: {report.steps} steps, {report.published} messages published, "
        f"{report.faults} faults put in, water balance off by {report.water_balance_error:.1e}; truth in {truth_out}"
    )


@app.command()
def migrate() -> None:
    """Bring the database of the settings to the present schema and register the basin's devices."""
    from service.roles import migrate_database
    from service.settings import read_settings

    migrate_database(read_settings())


@app.command()
def health() -> None:
    """Say how the running service is; exit code 0 when the database answers and has its tables."""
    from service.roles import report_health
    from service.settings import read_settings

    healthy, facts = report_health(read_settings())
    for fact in facts:
        typer.echo(fact)
    raise typer.Exit(0 if healthy else 1)


@basin_app.command("check")
def basin_check(folder: Annotated[Path, typer.Argument(help="Basin folder.")]) -> None:
    """List every fault of a basin folder at once."""
    from domain.event_pack import check_basin_folder

    faults = check_basin_folder(folder)
    for fault in faults:
        typer.echo(fault)
    typer.echo(f"{folder}: {len(faults)} fault{'' if len(faults) == 1 else 's'}", err=True)
    raise typer.Exit(1 if faults else 0)


@secrets_app.command("create")
def secrets_create(folder: Annotated[Path, typer.Argument(help="New folder for the secret files.")]) -> None:
    """Write random credentials for docker-compose.yml."""
    from service.secrets import create_secrets

    for path in create_secrets(folder):
        typer.echo(path)


@secrets_app.command("device")
def secrets_device(
    folder: Annotated[Path, typer.Argument(help="Folder of the secret files.")],
    device_id: Annotated[str, typer.Argument(help="Id of the device, as in the basin's table of stations.")],
) -> None:
    """Let a device into the broker of docker-compose.yml and print its password, once."""
    from service.secrets import add_device

    typer.echo(add_device(folder, device_id))


def _instant(text: str | None) -> datetime | None:
    from domain.clock import parse_utc

    try:
        return None if text is None else parse_utc(text)
    except ValueError as error:
        raise ConfigurationError([f"time {text!r}: {error}"]) from error


def main() -> None:
    """Run the command line; an expected error is one clear sentence, not a traceback."""
    _exit_on_error(app)


def _exit_on_error(command: Callable[[], None]) -> None:
    try:
        command()
    except ConfigurationError as error:
        for fault in error.faults:
            typer.echo(f"hydronum: {fault}", err=True)
        sys.exit(2)
    except HydroNumError as error:
        typer.echo(f"hydronum: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
