"""What the test provider records."""

from tenantry.audit.catalogue import register

register("sso", sso__test_provider_opened="The test identity provider was used for the first time and got its key.")
