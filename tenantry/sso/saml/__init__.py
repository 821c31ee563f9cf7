"""SAML 2.0, the service provider's side: bytes in, dataclasses out; no database, no network, no Django.

What is checked in which order, and against what: docs/security/saml.md. Everything that is not accepted raises
``tenantry.sso.refused.Refused`` with a code of ``reasons.py``; nothing that a provider or an attacker sends raises anything else.
"""
