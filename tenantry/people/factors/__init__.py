"""Second factors: authenticator apps, passkeys, the recovery codes beside them, and browsers that are remembered."""
