"""The role ``model`` on live data: cycles on the quarter of an hour, observed alerts after every commit."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from domain.basin_files import read_basin
from domain.clock import Clock
from domain.errors import HydroNumError
from domain.records import Topic
from forecast.cycle import KnownStatements
from service.model_jobs import model_jobs
from service.roles import database_url
from service.run_clocks import run_clock
from service.settings import Settings
from store.connection import Database
from store.leader import Leader
from store.listening import NoticeListener

log = logging.getLogger(__name__)

CYCLE: Final = timedelta(minutes=15)
# Stations report on the quarter; two minutes later most of it has arrived.
CYCLE_MINUTES: Final = "2,17,32,47"
MISFIRE_GRACE_S: Final = 300


class Job:
    """Runs an action as a scheduled job: a failure is said once, its end once, and it never kills the role."""

    def __init__(self, name: str, action: Callable[[datetime], object], clock: Clock) -> None:
        self._name = name
        self._action = action
        self._clock = clock
        self._failing = False
        self._turn = threading.Lock()

    def __call__(self) -> None:
        """Run once at the clock's time; a run that meets another waits for it."""
        with self._turn:
            try:
                self._action(self._clock.now())
            except HydroNumError as error:
                self._fail(str(error), with_traceback=False)
            except Exception as error:  # the boundary of a job: whatever breaks, the next one must run
                self._fail(repr(error), with_traceback=True)
            else:
                if self._failing:
                    log.info("%s works again", self._name)
                self._failing = False

    def _fail(self, reason: str, *, with_traceback: bool) -> None:
        if not self._failing:
            log.error("%s fails: %s", self._name, reason, exc_info=with_traceback)
        self._failing = True


def run_model(settings: Settings, stop: threading.Event) -> None:
    """Run the model's jobs on live time until told to stop; only the leader among several works."""
    basin = read_basin(settings.basin)
    url = database_url(settings)
    with Database(url) as database, Leader(url) as leader:
        log.info("waiting to lead")
        if not leader.wait(stop):
            return
        log.info("leading")
        clock = run_clock(settings.clock, database)
        jobs = model_jobs(basin, database, settings, KnownStatements())
        jobs.cycle.ensure_state(last_quarter(clock.now()) - CYCLE)
        cycle = Job("the forecast cycle", lambda now: jobs.forecast(last_quarter(now)), clock)
        observed = Job("the judgement of observations", jobs.observed, clock)
        scheduler = BackgroundScheduler(timezone="UTC")
        options = {"max_instances": 1, "coalesce": True, "misfire_grace_time": MISFIRE_GRACE_S}
        scheduler.add_job(cycle, CronTrigger(minute=CYCLE_MINUTES, timezone="UTC"), **options)
        # Silence is evidence too: judge every minute even when nothing arrives.
        scheduler.add_job(observed, CronTrigger(second="30", timezone="UTC"), **options)
        scheduler.start()
        try:
            cycle()
            for notice in NoticeListener(url).notices(stop):
                if notice.topic in (Topic.READINGS, Topic.RESYNC):
                    observed()
        finally:
            scheduler.shutdown(wait=True)


def last_quarter(now: datetime) -> datetime:
    """Return the newest full quarter of an hour.

    >>> from datetime import UTC
    >>> last_quarter(datetime(2021, 7, 14, 10, 29, 59, tzinfo=UTC)).isoformat()
    '2021-07-14T10:15:00+00:00'
    """
    return now.replace(minute=now.minute - now.minute % 15, second=0, microsecond=0)
