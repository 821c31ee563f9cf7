"""SCIM 2.0 as such (RFC 7643, RFC 7644, RFC 9865): pure functions over plain dictionaries, with no database and no network."""
