"""What to type where, by identity provider: the pages' short form of docs/guides/scim/."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Provider:
    """``steps`` are sentences in order. ``url_label`` and ``token_label`` are what the provider calls the two fields."""

    name: str
    label: str
    url_label: str
    token_label: str
    steps: tuple[str, ...]
    groups: str
    remark: str = ""


PROVIDERS: Final = {
    found.name: found
    for found in (
        Provider(
            "okta", "Okta", "SCIM connector base URL", "Authorization (Bearer)",
            (
                "In the admin console open your application (Applications → Applications). "
                "Without one: Create App Integration, SAML 2.0 or SWA.",
                "On the tab General choose Edit, set Provisioning to SCIM, and save. A tab Provisioning appears.",
                "There, under Integration, choose Edit. Paste the address. Unique identifier field for users: userName. "
                "Tick Push New Users, Push Profile Updates and Push Groups. Authentication mode: HTTP Header. Paste the token.",
                "Choose Test Connector Configuration, then Save.",
                "Under To App choose Edit and enable Create Users, Update User Attributes and Deactivate Users.",
                "On the tab Assignments assign one person to begin with.",
            ),
            "On the tab Push Groups choose the groups to be sent.",
            "Okta offers SCIM in SAML and SWA applications. Beside an OpenID Connect application, make a second one for SCIM.",
        ),
        Provider(
            "entra", "Microsoft Entra ID", "Tenant URL", "Secret Token",
            (
                "In the Entra admin center open Enterprise apps and your application. Without one: New application → Create your own "
                "application → Integrate any other application you don't find in the gallery.",
                "Open Provisioning and choose New configuration (in older consoles: Get started, mode Automatic).",
                "Paste the address as Tenant URL and the token as Secret Token. Choose Test Connection, then Create or Save.",
                "Under Users and groups assign one person to begin with.",
                "Choose Provision on demand for that person. When they appear here, choose Start provisioning.",
            ),
            "Assign the groups to the application. Assigning groups needs Entra ID P1 or higher.",
            "Entra sends changes about every 40 minutes. If userPrincipalName is no address that receives mail, map mail to userName.",
        ),
        Provider(
            "onelogin", "OneLogin", "SCIM Base URL", "SCIM Bearer Token",
            (
                "Under Applications choose Add App, search for “SCIM Provisioner with SAML (SCIM v2 Enterprise)”, and save it.",
                "On the tab Configuration paste the address and the token. Paste the SCIM JSON Template of our guide. "
                "Choose Enable under API Connection.",
                "On the tab Parameters set SCIM Username to Email.",
                "On the tab Provisioning tick Enable provisioning. Under “When users are deleted” choose Suspend or Delete: "
                "both suspend here. Save.",
                "Assign one person under Users and approve them if OneLogin asks for it.",
            ),
            "On the tab Parameters include Groups in User Provisioning, then make a rule “Set Groups in …” on the tab Rules.",
        ),
        Provider(
            "jumpcloud", "JumpCloud", "Base URL", "Token Key",
            (
                "Under SSO Applications open your application, or add a custom one. Open the tab Identity Management.",
                "SCIM version: SCIM 2.0. Paste the address and the token. Enter a test user's address in one of your domains.",
                "Choose Test Connection, then Activate. JumpCloud makes a test person and a test group and deletes them again.",
                "On the tab User Groups tick one small group to begin with, and save.",
            ),
            "Tick Enable management of User Groups and Group Membership before you activate.",
            "A deleted person is suspended here and not erased, so the test person stays in the list as inactive and takes no seat.",
        ),
        Provider(
            "google", "Google Workspace", "Endpoint URL", "Access token",
            (
                "Google sends people only to applications of its own catalogue; a custom SAML application has no automatic provisioning.",
                "Use single sign-on with Google instead: whoever signs in for the first time becomes a member by themselves.",
                "If people must also disappear by themselves, put a directory between that can read Google and speak SCIM "
                "(Okta, Entra ID and JumpCloud can), and follow its guide.",
            ),
            "Google sends no groups by SCIM. With single sign-on, groups can be sent as an attribute.",
        ),
        Provider(
            "generic", "Another provider", "SCIM 2.0 base URL", "Bearer token",
            (
                "Find where your provider sets up provisioning by SCIM 2.0.",
                "Enter the address as base URL and the token as bearer token (Authorization: Bearer …).",
                "Set userName to the address at which people receive mail. It tells them apart.",
                "Let it create, update and deactivate people. Deleting suspends here as well.",
                "Assign one person to begin with.",
            ),
            "Have the groups sent whose members shall have a role of their own.",
        ),
    )
}  # fmt: skip
