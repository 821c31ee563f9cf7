"""OpenID Connect as the relying party: what is sent to a provider, and what is believed of what it answers.

Nothing here knows the database or Django; the network is a ``Fetch`` that is handed in. Everything that a provider, or
somebody who plays one, sends and that isn't accepted raises ``tenantry.sso.refused.Refused`` with a code of its own.
docs/security/oidc.md says what is checked, and by which section of which standard.
"""
