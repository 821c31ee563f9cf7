"""Addresses of this room's pages. Those of the installation as a whole are named in ``tenancy/middleware.py`` too."""

from __future__ import annotations

from django.urls import path

from .views import program, signup, visits

urlpatterns = [
    path("signup", signup.signup, name="signup"),
    path("workspaces", visits.workspaces, name="workspaces"),
    path("workspaces/link/<str:token>", visits.workspaces_link, name="workspaces_link"),
    path("workspaces/enter/<slug:tenant>", visits.workspaces_enter, name="workspaces_enter"),
    path("workspaces/sign-out", visits.workspaces_sign_out, name="workspaces_sign_out"),
    path("staff/program", program.staff_program, name="staff_program"),
    path("program.css", program.program_theme, name="program_theme"),
]
