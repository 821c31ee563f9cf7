"""What is counted, for Prometheus. Any room counts: ``metrics.deliveries.labels("delivered").inc()``.

Every label takes few values, which are listed here: never an identifier, an address or anything that a client chose. A process
counts in memory, or, where ``PROMETHEUS_MULTIPROC_DIR`` is set before this module is imported, in files that all processes of
the machine share (install/counting.py). Counters don't roll back: count what has been done, or count it from a refusal.
"""

from __future__ import annotations

from prometheus_client import Counter, Histogram

# Seconds. Most answers take 5 to 50 ms; a job may take minutes.
_REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15)
_JOB_BUCKETS = (0.05, 0.25, 1, 5, 15, 60, 300, 1800)

requests = Counter(
    "tenantry_requests", "Requests answered, by method, route (its template, never the path) and status.", ["method", "route", "status"]
)
request_seconds = Histogram("tenantry_request_seconds", "How long answers took.", ["method", "route"], buckets=_REQUEST_BUCKETS)
refusals = Counter("tenantry_limit_refusals", "Answers 402 (a limit that was bought) and 429 (a rate limit), by code.", ["status", "code"])
rls_denials = Counter(
    "tenantry_rls_denials", "Writes that row-level security or a missing right refused: a defect, or an attack.", ["table"]
)
sign_ins = Counter("tenantry_sign_ins", "Sign-ins, by method and outcome (succeeded, failed).", ["method", "outcome"])
jobs = Counter("tenantry_jobs_run", "Jobs run, by task and outcome (succeeded, retried, failed, held, given_back).", ["task", "outcome"])
job_seconds = Histogram("tenantry_job_seconds", "How long jobs took.", ["task"], buckets=_JOB_BUCKETS)
deliveries = Counter("tenantry_webhook_deliveries", "Attempts to deliver a webhook, by outcome (delivered, retried, failed).", ["outcome"])
mails = Counter("tenantry_mails", "Attempts to send a mail, by outcome (sent, failed).", ["outcome"])


def refused(status: int, code: str) -> None:
    """Count a refusal, if it is one of a limit: 402 or 429."""
    if status in (402, 429):
        refusals.labels(str(status), code).inc()
