"""Every address, room by room."""

from django.urls import include, path

from tenantry.api.root import api

urlpatterns = [
    path("", include("tenantry.portal.urls")),
    path("api/v1/", api.urls),
]
__all__ = ["include", "urlpatterns"]
