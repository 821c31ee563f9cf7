"""The organizations' operations, by use case."""

from tenantry.organizations.domains.api import router as _domains
from tenantry.organizations.domains.joining_api import router as _joins

from .access_questions import router as _questions
from .invitations import router as _invitations
from .lifecycle import router as _lifecycle
from .members import router as _members
from .organizations import router as _organizations
from .own import router as _own
from .pictures import router as _pictures
from .sign_in_policy import router as _sign_in_policy

routers = {
    "Organizations": _organizations,
    "Logo and banner": _pictures,
    "States": _lifecycle,
    "Members": _members,
    "Invitations": _invitations,
    "Own invitations": _own,
    "Domains": _domains,
    "Joining by domain": _joins,
    "Sign-in policy": _sign_in_policy,
    "Access questions": _questions,
}
