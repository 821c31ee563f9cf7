"""What ``/metrics`` answers: the counts of all processes of this data folder, and what the database knows of the jobs.

Each process counts in files of its own below ``TENANTRY_HOME/run/metrics/<host>`` (prometheus_client's multiprocess mode: memory
that is mapped to a file, no lock between processes). They are added up when somebody asks. A process that ends leaves its files,
or the counts would fall; the next one to start folds them into one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from config.environment import Environment

# What the database is asked for each time: name, meaning, labels.
GAUGES: dict[str, tuple[str, list[str]]] = {
    "tenantry_database_up": ("Whether the database answers; without it the next three are missing.", []),
    "tenantry_jobs": ("Jobs, by queue and state (waiting, scheduled, running, dead).", ["queue", "state"]),
    "tenantry_job_oldest_seconds": ("For how long the job that has waited longest is due.", ["queue"]),
    "tenantry_workers": ("Workers that have given a sign of life within TENANTRY_WORKER_TIMEOUT.", []),
}
_QUEUES = """
select queue_name, case status when 'doing' then 'running' when 'failed' then 'dead'
                   else case when scheduled_at > now() then 'scheduled' else 'waiting' end end as state, count(*)
  from procrastinate_jobs where status in ('todo', 'doing', 'failed') group by 1, 2 order by 1, 2
"""
# Without a time of its own a job is as old as its number; with one (a schedule, another try) it is late since then.
_OLDEST = """
with due as (
    select queue_name, min(id) filter (where scheduled_at is null) as first, min(scheduled_at) as since
      from procrastinate_jobs where status = 'todo' and (scheduled_at is null or scheduled_at <= now()) group by 1)
select queue_name, extract(epoch from now() - least(since, (
           select min(at) from procrastinate_events where job_id = first and type = 'deferred')))::float8
  from due order by 1
"""
_WORKERS = "select count(*) from procrastinate_workers where last_heartbeat > now() - make_interval(secs => %s)"


def share(settings: Environment) -> None:
    """Let this process count where the others see it. Before ``prometheus_client`` is imported; does nothing without a token.

    Raises SystemExit when the folder can't be written.
    """
    if settings.metrics_token is None:
        return
    folder = settings.home / "run" / "metrics" / socket.gethostname()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _fold(folder)
    except OSError as error:
        raise SystemExit(
            f"TENANTRY_METRICS_TOKEN is set, but {folder} can't be written ({error.strerror}). Processes count there: make "
            "TENANTRY_HOME/run a folder of this user (in a container without a disk: a tmpfs)."
        ) from error


def exposition(settings: Environment) -> bytes:
    """Everything in Prometheus's text format, version 0.0.4."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    registry.register(_Counts(settings.home / "run" / "metrics"))
    registry.register(_Jobs(settings))
    return generate_latest(registry)


class _Counts:
    """The sum over all processes, living and dead."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def collect(self) -> Iterable[Any]:
        from prometheus_client.multiprocess import MultiProcessCollector

        with contextlib.ExitStack() as locks:
            for host in self.folder.iterdir():
                locks.enter_context(_locked(host, fcntl.LOCK_SH))
            return list(MultiProcessCollector.merge([str(path) for path in self.folder.glob("*/*.db")], accumulate=True))


class _Jobs:
    """How many jobs wait and for how long, and how many workers there are: the same from whichever process is asked."""

    def __init__(self, settings: Environment) -> None:
        self.settings = settings

    def collect(self) -> Iterator[Any]:
        from django.db import DatabaseError

        found: list[Any] = []
        with contextlib.suppress(DatabaseError):
            found = list(self._of_database())
        yield _gauge("tenantry_database_up", [(bool(found),)])
        yield from found

    def _of_database(self) -> Iterator[Any]:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(_QUEUES)
            yield _gauge("tenantry_jobs", cursor.fetchall())
            cursor.execute(_OLDEST)
            yield _gauge("tenantry_job_oldest_seconds", [(queue, max(0.0, seconds or 0.0)) for queue, seconds in cursor.fetchall()])
            cursor.execute(_WORKERS, [self.settings.worker_timeout])
            yield _gauge("tenantry_workers", cursor.fetchall())


def _gauge(name: str, rows: Iterable[tuple[Any, ...]]) -> Any:
    """``rows`` are the values of the labels and, last, the number."""
    from prometheus_client.core import GaugeMetricFamily

    meaning, labels = GAUGES[name]
    made = GaugeMetricFamily(name, meaning, labels=labels)
    for *values, number in rows:
        made.add_metric([str(value) for value in values], float(number))
    return made


@contextlib.contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, how)
        yield


def _fold(folder: Path) -> None:
    """Add up the files of processes that have ended into one of process 0, so that restarts don't fill the folder."""
    from prometheus_client.mmap_dict import MmapedDict

    with _locked(folder, fcntl.LOCK_EX):
        for kind in ("counter", "histogram"):
            ended = [path for path in sorted(folder.glob(f"{kind}_*.db")) if not _alive(path)]
            if len(ended) < 2:
                continue
            made = folder / f"{kind}_0.folding"
            made.unlink(missing_ok=True)
            total = MmapedDict(str(made))
            for path in ended:
                for key, value, timestamp, _ in MmapedDict.read_all_values_from_file(str(path)):
                    total.write_value(key, total.read_value(key)[0] + value, timestamp)
            total.close()
            for path in ended:
                path.unlink()
            made.rename(folder / f"{kind}_0.db")


def _alive(path: Path) -> bool:
    process = int(path.stem.rpartition("_")[2])
    if process == 0:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
