"""Addresses of this room's pages."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("staff/jobs", views.staff_jobs, name="staff_jobs"),
    path("staff/jobs/<int:job_id>", views.staff_job, name="staff_job"),
    path("staff/jobs/<int:job_id>/retry", views.staff_job_retry, name="staff_job_retry"),
    path("staff/jobs/<int:job_id>/cancellation", views.staff_job_cancel, name="staff_job_cancel"),
]
