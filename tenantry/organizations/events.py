"""What this room records."""

from tenantry.audit.catalogue import register

register(
    "settings",
    organization__created="An organization was founded.",
    organization__updated="Settings of an organization were changed.",
    organization__approved="An organization was verified.",
    organization__rejected="Verification was refused; the organization stays pending.",
    organization__resubmitted="Verification was asked for again.",
    organization__suspended="An organization was suspended.",
    organization__suspension_lifted="An organization's suspension was lifted.",
    organization__deactivated="An organization was deactivated.",
    organization__deleted="An organization was deleted; staff can undo it for 30 days.",
    organization__restored="A deleted organization was brought back.",
    draft__saved="A step of setting up an organization was saved.",
    draft__cancelled="Setting up an organization was cancelled.",
)
register(
    "member",
    member__added="Somebody was added to an organization.",
    member__joined="Somebody accepted an invitation.",
    member__role_changed="A member's role was changed.",
    member__suspended="A member was suspended.",
    member__reactivated="A suspended member was reactivated.",
    member__removed="A member was removed.",
    member__left="A member left.",
    invitation__created="Somebody was invited.",
    invitation__changed="An invitation's role was changed.",
    invitation__resent="An invitation was sent again, with a new link.",
    invitation__accepted="An invitation was accepted.",
    invitation__revoked="An invitation was revoked.",
    invitation__declined="An invitation was declined.",
    invitation__expired="An invitation expired.",
)
register(
    "settings",
    domain__claimed="An organization said that a domain is its own.",
    domain__verified="A domain became an organization's: it was proven, or staff confirmed it.",
    domain__confirmed="A domain that an organization holds was proven again.",
    domain__check_failed="A check found no proof for a domain.",
    domain__lapsing="The proof of a domain was not found again; 14 days remain.",
    domain__lapsed="A domain brings its organization nothing any more: its proof is gone.",
    domain__revoked="Staff took a domain back.",
    domain__changed="What people with an address of a domain may do was changed.",
    sign_in_policy__changed="How members of an organization sign in was changed.",
    sign_in_policy__lifted="Staff lifted an organization's list of networks.",
    domain__removed="An organization gave a domain up.",
)
register(
    "member",
    domain__people_invited="People of the workspace with an address of a domain were invited.",
    join_request__created="Somebody asked to join by the domain of their address.",
    join_request__approved="A request to join was approved.",
    join_request__refused="A request to join was refused.",
    join_request__withdrawn="A request to join was taken back.",
)
