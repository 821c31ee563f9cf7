"""Every address, room by room. In multi mode all of them stand behind ``/t/<slug>`` (tenancy/middleware.py)."""

from django.urls import include, path

from tenantry.install.wizard import api as _whole  # noqa: F401  # before the addresses: it adds the first run to the API

urlpatterns = [
    path("api/v1/", include("tenantry.api.urls")),
    path("", include("tenantry.install.probes")),
    path("", include("tenantry.portal.urls")),
    path("", include("tenantry.people.urls")),
    path("", include("tenantry.sso.provider.urls")),
    path("", include("tenantry.sso.urls")),
    path("", include("tenantry.access.urls")),  # before the settings of organizations, which take any other word there
    path("", include("tenantry.scim.urls")),
    path("", include("tenantry.organizations.urls")),
    path("", include("tenantry.maintenance.urls")),
    path("", include("tenantry.entitlements.urls")),
    path("", include("tenantry.mail.urls")),
    path("", include("tenantry.audit.urls")),
    path("", include("tenantry.workspaces.urls")),
    path("", include("tenantry.install.wizard.urls")),
    path("", include("tenantry.jobs.urls")),
    path("", include("tenantry.webhooks.urls")),
]
handler400 = "tenantry.portal.errors.unreadable"
handler404 = "tenantry.portal.errors.unknown_address"
handler500 = "tenantry.portal.errors.failure"
