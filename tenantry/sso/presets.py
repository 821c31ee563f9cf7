"""The identity providers that people have: what each calls our values, where its own are found, and how it names attributes.

The words are those of the providers' consoles; docs/guides/sso/ has the same with pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Way:
    """How one provider is set up for one protocol.

    ``steps`` are done in the provider's console, one sentence each. ``lines`` are ``(what it is called there, which of our values)``;
    the value is a name that ``parties.our_side`` knows, ``acs_pattern``, or a text to type as it is, marked by ``=``. ``brings`` says
    what to bring back.
    """

    steps: tuple[str, ...]
    lines: tuple[tuple[str, str], ...]
    brings: str


@dataclass(frozen=True, slots=True)
class Preset:
    """A provider, and the names under which it sends e-mail, name and groups where nothing else is configured."""

    name: str
    label: str
    ways: Mapping[str, Way]
    mapping: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    issuer_hint: str = "https://idp.example.com"
    remark: str = ""


_SAML_ATTRIBUTES = (
    ("Attribute for the e-mail address", "=email"),
    ("Attribute for the name", "=name"),
    ("Attribute for groups", "=groups"),
)
_ENTRA = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"

OKTA = Preset(
    "okta",
    "Okta",
    {
        "saml": Way(
            (
                "In the Okta admin console open Applications → Applications and choose Create App Integration, then SAML 2.0.",
                "Give it a name, go on to Configure SAML, and type these values.",
                "Under Attribute Statements add email = user.email and name = user.displayName; for roles by group add a group "
                "attribute statement groups with the filter Matches regex .*",
                "Finish, and assign the people who may sign in under Assignments.",
            ),
            (
                ("Single sign-on URL", "acs_url"),
                ("Audience URI (SP Entity ID)", "entity_id"),
                ("Name ID format", "=EmailAddress"),
                ("Application username", "=Email"),
            ),
            "On the tab Sign On, copy the Metadata URL.",
        ),
        "oidc": Way(
            (
                "In the Okta admin console open Applications → Applications and choose Create App Integration, then OIDC, Web Application.",
                "Tick Authorization Code alone, clear Require Demonstrating Proof of Possession (DPoP), and type these values.",
                "For roles by group: on the tab Sign On, edit OpenID Connect ID Token; as groups claim filter keep the name groups, with "
                "Matches regex .*",
                "Assign the people who may sign in.",
            ),
            (("Sign-in redirect URIs", "callback_url"), ("Sign-out redirect URIs", "slo_url")),
            "Copy Client ID and Client secret. The issuer is your Okta address, such as https://contoso.okta.com.",
        ),
    },
    issuer_hint="https://contoso.okta.com",
)
ENTRA = Preset(
    "entra",
    "Microsoft Entra ID",
    {
        "saml": Way(
            (
                "In the Entra admin center open Enterprise applications → New application → Create your own application (non-gallery).",
                "Open Single sign-on → SAML and edit Basic SAML Configuration.",
                "Under Attributes & Claims add a group claim if roles shall follow groups: it sends object ids. Map those here under "
                "Attributes and roles.",
                "Under SAML Certificates → Signing option choose Sign SAML assertion, or both, with SHA-256.",
                "Assign people or groups under Users and groups.",
            ),
            (
                ("Identifier (Entity ID)", "entity_id"),
                ("Reply URL (Assertion Consumer Service URL)", "acs_url"),
                ("Logout Url", "slo_url"),
            ),
            "Under SAML Certificates copy the App Federation Metadata Url.",
        ),
        "oidc": Way(
            (
                "In the Entra admin center open App registrations → New registration, for accounts in this directory only.",
                "As redirect URI choose Web and type this value. Leave the Front-channel logout URL empty: it isn't served.",
                "Under Certificates & secrets make a client secret and copy its Value at once.",
                "Under Token configuration add the optional claims email and auth_time to the ID token: the second is for proving anew who "
                "one is. Add a groups claim if roles shall follow groups.",
            ),
            (("Redirect URI (Web)", "callback_url"),),
            "Copy Application (client) ID and the secret's Value. The issuer has your tenant's id in it.",
        ),
    },
    {
        "saml": {"email": f"{_ENTRA}emailaddress", "name": "http://schemas.microsoft.com/identity/claims/displayname",
                 "groups": "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"},
    },
    "https://login.microsoftonline.com/<tenant id>/v2.0",
)  # fmt: skip
GOOGLE = Preset(
    "google",
    "Google Workspace",
    {
        "saml": Way(
            (
                "In the Google Admin console open Apps → Web and mobile apps → Add app → Add custom SAML app.",
                "Download the metadata on the second page, then type these values on the third. Leave Signed response unticked: with it "
                "Google signs the response in place of the assertion.",
                "On the fourth page map Primary email to email, and First name and Last name to first_name and last_name.",
                "Turn the app on for the people who may sign in under User access.",
            ),
            (("ACS URL", "acs_url"), ("Entity ID", "entity_id"), ("Name ID format", "=EMAIL"),
             ("Name ID", "=Basic Information > Primary email")),
            "Paste the metadata file that you downloaded: Google has no address for it.",
        ),
        "oidc": Way(
            (
                "In the Google Cloud console open APIs & Services → Credentials → Create credentials → OAuth client ID → Web application.",
                "Type this value. On the consent screen choose Internal, so that only your workspace can sign in.",
            ),
            (("Authorized redirect URIs", "callback_url"),),
            "Copy Client ID and Client secret. The issuer is https://accounts.google.com.",
        ),
    },
    issuer_hint="https://accounts.google.com",
    remark="Choose SAML if you can: over OpenID Connect Google sends no groups, and can't ask people anew who they are.",
)  # fmt: skip
ONELOGIN = Preset(
    "onelogin",
    "OneLogin",
    {
        "saml": Way(
            (
                "In the OneLogin administration open Applications → Add App and choose SAML Custom Connector (Advanced).",
                "Under Configuration type these values; as SAML initiator choose Service Provider.",
                "As SAML signature element choose Assertion or Both; on the tab SSO choose SHA-256.",
                "Under Parameters add email, name and, if roles shall follow groups, groups (User Roles); include each in the assertion.",
                "Give people access under Users or Roles.",
            ),
            (
                ("Audience (EntityID)", "entity_id"),
                ("Recipient", "acs_url"),
                ("ACS (Consumer) URL", "acs_url"),
                ("ACS (Consumer) URL Validator", "acs_pattern"),
                ("Single Logout URL", "slo_url"),
            ),
            "Under More Actions choose SAML Metadata, or copy the Issuer URL on the tab SSO.",
        ),
        "oidc": Way(
            (
                "In the OneLogin administration open Applications → Add App and choose OpenId Connect (OIDC).",
                "Under Configuration type this value; under SSO choose the token endpoint's method POST or Basic.",
            ),
            (("Redirect URI's", "callback_url"), ("Post Logout Redirect URIs", "slo_url")),
            "On the tab SSO copy Client ID, Client Secret and the Issuer URL.",
        ),
    },
    issuer_hint="https://contoso.onelogin.com/oidc/2",
)
JUMPCLOUD = Preset(
    "jumpcloud",
    "JumpCloud",
    {
        "saml": Way(
            (
                "In the JumpCloud console open SSO Applications → Add New Application → Custom Application, and choose SAML.",
                "On the tab SSO type these values; tick Sign Assertion.",
                "Under Attributes add email = email, first_name = firstname and last_name = lastname; for roles by group tick Include "
                "group attribute, named groups.",
                "On the tab User Groups choose who may sign in.",
            ),
            (
                ("SP Entity ID", "entity_id"),
                ("ACS URLs", "acs_url"),
                ("IdP Entity ID", "=any word of your choice, such as contoso"),
                ("SAMLSubject NameID", "=email"),
            ),
            "On the tab SSO choose Copy Metadata URL, or Export Metadata and upload the file.",
        ),
        "oidc": Way(
            (
                "In the JumpCloud console open SSO Applications → Add New Application → Custom Application, with OIDC.",
                "As grant type tick Authorization Code, as client authentication Client Secret POST or Basic, and type this value.",
                "Under Attribute Mapping tick the scopes Email and Profile.",
            ),
            (("Redirect URIs", "callback_url"), ("Login URL", "start_url")),
            "Copy Client ID and Client Secret when they are shown. The issuer is https://oauth.id.jumpcloud.com/.",
        ),
    },
    issuer_hint="https://oauth.id.jumpcloud.com/",
)
KEYCLOAK = Preset(
    "keycloak",
    "Keycloak",
    {
        "saml": Way(
            (
                "In the Keycloak console open your realm → Clients → Create client and choose SAML.",
                "Type these values, and turn Sign assertions on. Under Keys turn Client signature required off, or import our metadata.",
                "Under Client scopes → dedicated add the mappers email, name and, for roles by group, Group list (attribute groups, "
                "Full group path off).",
            ),
            (
                ("Client ID", "entity_id"),
                ("Valid redirect URIs", "acs_url"),
                ("Master SAML Processing URL", "acs_url"),
                ("Name ID format", "=email"),
                ("Logout Service Redirect Binding URL", "slo_url"),
            ),
            "The metadata's address is …/realms/<realm>/protocol/saml/descriptor.",
        ),
        "oidc": Way(
            (
                "In the Keycloak console open your realm → Clients → Create client and choose OpenID Connect.",
                "Turn Client authentication on, leave Standard flow ticked, and type these values.",
                "For roles by group add a Group Membership mapper with the claim groups, Full group path off.",
            ),
            (
                ("Valid redirect URIs", "callback_url"),
                ("Valid post logout redirect URIs", "slo_url"),
                ("Backchannel logout URL", "slo_url"),
            ),
            "Copy the secret on the tab Credentials. The issuer is …/realms/<realm>.",
        ),
    },
    issuer_hint="https://keycloak.example.com/realms/contoso",
)
GENERIC = Preset(
    "generic",
    "Another provider",
    {
        "saml": Way(
            (
                "Make an application (service provider, relying party) for SAML 2.0 and give it these values, or our metadata's address.",
                "Have assertions signed with SHA-256 or better.",
                "Send the attributes email, name and, if roles shall follow groups, groups.",
            ),
            (("Entity ID, audience", "entity_id"), ("Assertion consumer service (POST)", "acs_url"), ("Single logout service", "slo_url"),
             ("Our metadata", "metadata_url"), *_SAML_ATTRIBUTES),
            "Bring its metadata: the address, or the file.",
        ),
        "oidc": Way(
            (
                "Make a confidential client (web application) for the authorization code flow and give it these values.",
                "Have it send email, name and, if roles shall follow groups, groups in the ID token.",
            ),
            (("Redirect URI", "callback_url"), ("Post-logout redirect URI", "slo_url"), ("Back-channel logout URI", "slo_url")),
            "Bring the issuer's address, the client id and the client secret.",
        ),
    },
)  # fmt: skip
TEST = Preset(
    "test",
    "The built-in test provider",
    {
        "saml": Way(("Nothing to do: this provider is part of the workspace and knows our values.",), (), ""),
        "oidc": Way(("Nothing to do: this provider is part of the workspace and knows our values.",), (), ""),
    },
    remark="For trying out. It lets everybody be anybody, and exists in development and in sandbox workspaces alone.",
)
PRESETS: Final = {preset.name: preset for preset in (OKTA, ENTRA, GOOGLE, ONELOGIN, JUMPCLOUD, KEYCLOAK, GENERIC, TEST)}
# Names under which providers send what we look for, the usual ones first; compared without regard to case.
USUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "email": ("email", "mail", "emailaddress", "user.email", f"{_ENTRA}emailaddress", "urn:oid:0.9.2342.19200300.100.1.3",
              "preferred_username", "upn"),
    "name": ("name", "displayname", "display_name", "cn", "http://schemas.microsoft.com/identity/claims/displayname",
             "urn:oid:2.16.840.1.113730.3.1.241", "urn:oid:2.5.4.3"),
    "first_name": ("given_name", "first_name", "firstname", "givenname", f"{_ENTRA}givenname", "urn:oid:2.5.4.42"),
    "last_name": ("family_name", "last_name", "lastname", "surname", "sn", f"{_ENTRA}surname", "urn:oid:2.5.4.4"),
    "groups": ("groups", "group", "memberof", "roles", "http://schemas.xmlsoap.org/claims/group",
               "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"),
}  # fmt: skip
