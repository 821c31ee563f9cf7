"""What this room records."""

from tenantry.audit.catalogue import register

register(
    "sso",
    sso__connection_created="An identity provider was connected.",
    sso__connection_changed="The connection to an identity provider was changed.",
    sso__connection_deleted="The connection to an identity provider was deleted.",
    sso__connection_refreshed="The identity provider changed what it says of itself, and the connection follows.",
    sso__refresh_failed="What the identity provider says of itself can't be read.",
    sso__certificate_ending="Owners were told that a certificate of the identity provider ends.",
    sso__test_begun="A test sign-in was prepared.",
    sso__tested="A test sign-in came back from the identity provider.",
    sso__policy_changed="How people sign in by the identity provider was changed.",
    sso__enforcement_lifted="Staff lifted enforced single sign-on.",
    sso__recovery_codes_made="Recovery codes past single sign-on were made.",
    sso__recovery_code_used="An owner signed in with a recovery code, past single sign-on.",
    sso__window_opened="A window past single sign-on was opened for owners.",
    sso__window_closed="The window past single sign-on was closed.",
    sso__window_used="An owner signed in through the window past single sign-on.",
    sso__identity_linked="An account of the identity provider was linked to a person.",
    sso__identity_unlinked="A person unlinked an account of an identity provider.",
    sso__attributes_changed="What the identity provider says of a member has changed; the values aren't on the record.",
    sso__role_kept="Somebody's groups give another role, which they could not get.",
    sso__sign_in_refused="Signing in by the identity provider was refused.",
    sso__sessions_ended="The identity provider ended sessions.",
    sso__logout_refused="The identity provider's request to end sessions was refused.",
)
register("access", user__terms_accepted="A person accepted the terms of the workspace.")
