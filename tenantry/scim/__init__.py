"""A customer's directory keeps its members up to date (RFC 7643, RFC 7644)."""
