"""What a room raises around a job that may not run now, and that its retry strategy brings back: it has not failed."""

from __future__ import annotations


class Held(Exception):
    """The job was not begun; its tries are as they were."""
