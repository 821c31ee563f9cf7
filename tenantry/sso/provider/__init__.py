"""A test identity provider inside the installation, so that a whole sign-in can be tried with nobody else's service.

In development, and for sandbox tenants; elsewhere its addresses answer 404. It believes whatever one types, so what it
vouches for is worth nothing, and it answers to addresses of its own tenant alone.
"""
