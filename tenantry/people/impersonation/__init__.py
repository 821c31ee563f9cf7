"""Staff look at a customer's portal as one of its members (docs/impersonation.md)."""
