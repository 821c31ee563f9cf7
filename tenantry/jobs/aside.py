"""A job that a refusal causes: it must outlive the roll-back of what was refused."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.manager import JobManager
from procrastinate.tasks import Task, configure_task


@lru_cache(maxsize=1)
def _manager() -> JobManager:
    return JobManager(DjangoConnector(alias="aside"))


def defer_aside(task: Task[..., Any, ...], **arguments: Any) -> None:
    """Have a job run that commits with what is written inside ``tenancy.scope.aside()``, where this is called."""
    configure_task(name=task.name, job_manager=_manager(), queue=task.queue, priority=task.priority).defer(**arguments)
