"""What this room records."""

from tenantry.audit.catalogue import register

register(
    "access",
    user__created="A person was made known to the workspace.",
    user__signed_in="Somebody signed in.",
    user__signed_out="Somebody signed out.",
    user__sign_in_failed="A sign-in was refused.",
    session__revoked="A session was ended.",
    password__set="Somebody set or changed their password.",  # noqa: S106  # a sentence
    password__removed="Somebody removed their password.",  # noqa: S106  # a sentence
    user__proved="Somebody who was signed in proved anew who they are.",
    user__proof_refused="Such a proof was refused.",
    user__second_factor_passed="Somebody proved their second factor.",
    user__second_factor_refused="A second factor was refused.",
    factor__added="Somebody added a second factor.",
    factor__removed="Somebody removed a second factor.",
    factor__reset="Somebody's second factors were removed by staff or the operator.",
    passkey__renamed="Somebody called a passkey otherwise.",
    recovery_codes__made="Somebody made new recovery codes.",
    device__remembered="A browser needs no second factor for 30 days.",
    device__forgotten="A browser needs a second factor again.",
    link__made="A recovery link was made by the operator.",
    impersonation__requested="The vendor's staff asked to look at the organization as one of its members.",
    impersonation__approved="An owner let the vendor's staff look at the organization as one of its members.",
    impersonation__declined="An owner refused that.",
    impersonation__started="The vendor's staff began to look at the organization as one of its members.",
    impersonation__raised="The vendor's staff, looking as a member, began to make changes.",
    impersonation__ended="The vendor's staff stopped looking as a member.",
    impersonation__consent_changed="An owner decided whether the vendor's staff may look at the organization as one of its members.",
    staff__added="Somebody became staff.",
    staff__role_changed="A staff role was changed.",
    staff__revoked="Somebody is no longer staff.",
    staff__reinstated="Somebody is staff again.",
)
register(
    "member",
    user__renamed="A person changed their name.",
    user__address_changed="An account was given another e-mail address.",
    user__suspended="A person was suspended in the whole workspace.",
    user__reinstated="A person's suspension was lifted.",
)
