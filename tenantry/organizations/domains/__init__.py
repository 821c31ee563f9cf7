"""Domains of organizations: claimed, proven, and what that brings. Other rooms ask with these three."""

from .queries import covers, holder, verified

__all__ = ["covers", "holder", "verified"]
