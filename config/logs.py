"""How lines are logged: for a person in development, as JSON without personal data in production."""

from __future__ import annotations

import logging
from typing import Any

import structlog

from tenantry.kit.redaction import redact

from .environment import Environment


def configure(environment: Environment) -> None:
    """One handler for this process, to stderr, for our own lines and everybody else's."""
    shared = _shared(environment)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter(environment))
    logging.basicConfig(handlers=[handler], level=environment.log_level, force=True)
    for noisy in ("procrastinate", "asyncio", "psycopg.pool"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # It names jobs with their arguments, and some hold an address; jobs/running.py logs every job without them.
    logging.getLogger("procrastinate.worker").addFilter(_not_of_one_job)
    # It would log whole paths, and some carry a token; RequestRecord logs every request without them, and every defect.
    for talkative in ("django.request", "django.security.csrf"):
        logging.getLogger(talkative).setLevel(logging.CRITICAL)


def formatter(environment: Environment) -> logging.Formatter:
    """Lines of the console, or one JSON object each: ``timestamp``, ``level``, ``logger``, ``event`` and what belongs to it."""
    last: list[Any] = [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
    if not environment.developing:
        last = [redact, structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=True)]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_shared(environment),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            # Plain tracebacks: the pretty ones print locals, and with them tokens and mail bodies.
            structlog.processors.format_exc_info,
            *last,
        ],
    )


def for_granian(environment: Environment) -> dict[str, Any] | None:
    """The server's own lines in the same form, for its ``log_dictconfig``; None leaves them as they are."""
    if environment.developing:
        return None
    ours = {"()": "config.logs.formatter", "environment": environment}
    return {"formatters": {"generic": ours, "access": ours}}


def _shared(environment: Environment) -> list[Any]:
    """What every line gets, whoever logs it: the ids of the request, the tenant and the actor, level and time."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if environment.developing else "iso", utc=not environment.developing),
    ]


def _not_of_one_job(record: logging.LogRecord) -> bool:
    return not hasattr(record, "job")
