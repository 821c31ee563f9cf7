"""What this room records."""

from .catalogue import register

register("system", audit__exported="The record was exported.")
