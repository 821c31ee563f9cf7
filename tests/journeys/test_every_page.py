"""Every page of the portal, walked from the urlconf: who may open it, and that it can be used by everybody who may.

A page that is added fails here until the table says what it answers to whom.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from playwright.sync_api import expect

from tenantry.audit.services import CLI
from tenantry.mail.models import Message
from tenantry.organizations import drafts
from tenantry.people.links import make_link
from tenantry.people.models import Passkey, Staff
from tenantry.people.passwords import change_password

from .. import factories
from ..people import Cast, Client, Tenant, ok
from .browsing import Windows
from .looking import CONTRAST, RULES, WIDTHS, Memory, faults, frame_faults, glance, look

pytestmark = pytest.mark.browser
WHO = ("owner", "learner", "billing_admin", "staff", "nobody")
# What a GET answers to each of WHO. 302 is the way to sign in, or to the page that is meant. A name with a slash is an address
# with that value in the place of its last part.
ANSWERS = {
    "200 200 200 200 200": """
        sign_in_password sign_in_link invitation directory api_reference
        dev_components dev_components_plain dev_components_dialog dev_mailbox dev_mail
        test_provider test_provider_oidc_end_session""",
    "400 400 400 400 400": "test_provider_sso test_provider_slo test_provider_oidc_authorize",
    "302 302 302 302 200": "sign_in",
    "404 404 404 404 302": "impersonation_raise",
    "302 302 302 302 302": "home organization_new second_factor second_factor_setup terms",
    "200 200 200 200 302": """
        account_sso
        prove prove_link account account_sessions account_security account_app account_app_remove account_sign_ins account_passkey_new
        organization_home members organization_new_step/basics""",
    "200 404 404 404 302": "account_passkey_rename account_passkey_remove",
    "200 302 302 302 302": """
        account_password_remove
        organization_new_step/details organization_new_step/brand organization_new_step/people organization_new_step/confirm""",
    "200 200 200 404 302": "organization_leave",
    "200 403 200 200 302": """
        billing billing_raise billing_usage audit settings rate_limits
        webhooks webhook webhook_delivery webhook_new webhook_edit webhook_test webhook_replay""",
    "200 403 403 200 302": """
        sso sso_policy sso_new sso_connection sso_test sso_turn_on sso_mapping sso_delete sso_break_glass
        support_access keys key_new key key_rotate key_revoke webhook_rotate webhook_delete
        domains domain domain_new domain_people sign_in_policy join_requests join_request_refuse
        roles member member_add member_role member_suspend member_reactivate member_remove
        invitations invitation_new invitations_bulk organization_delete billing_usage_list
        scim_overview scim_guide scim_settings scim_mappings scim_errors scim_token_new scim_token_revoke""",
    "403 403 403 200 302": "billing_limit_new billing_limit sso_lift",
    "404 404 404 200 302": """
        staff_keys staff_key_new staff_key staff_key_rotate staff_key_revoke
        staff_webhooks staff_webhook staff_webhook_delivery staff_webhook_new staff_webhook_edit staff_webhook_test staff_webhook_replay
        staff_webhook_rotate staff_webhook_delete
        staff_mail staff_mail_messages staff_mail_suppressions staff_mail_previews staff_mail_preview
        staff_maintenance staff_maintenance_new staff_sso
        staff_home staff_jobs staff_job staff_organizations staff_organization_new staff_organization staff_organization_act/suspension
        staff_domain staff_networks_lift staff_users staff_user staff_user_suspend
        staff_impersonations staff_impersonation_new
        staff_user_sign_ins staff_user_factors staff_staff staff_add staff_role staff_revoke staff_audit staff_program""",
    # The installation's own, which stand nowhere below a tenant; test_first_run.py looks at them.
    "404 404 404 404 404": """
        install install_step/you signup workspaces workspaces_link workspaces_enter/contoso workspaces_sign_out""",
    "405 405 405 405 405": """
        account_sso_link account_sso_unlink sso_codes sso_break_glass_end sso_recovery sso_acs
        impersonation_stop support_access_approve support_access_end
        sign_out account_password sign_in_passkey account_codes prove_by_mail account_device_forget
        account_sessions_end account_session_end own_invitation organization_new_cancel
        domain_verify domain_remove join_request_approve own_join
        organization_resubmit invitation_resend invitation_revoke settings_save billing_limit_lift billing_usage_release
        staff_mail_test staff_mail_reports staff_mail_retry staff_mail_lift
        staff_user_reinstate staff_job_retry staff_job_cancel staff_reinstate staff_audit_verification
        staff_maintenance_end csp_report test_provider_begin test_provider_end
        test_provider_oidc_token test_provider_oidc_end test_provider_sso_post
        webhook_pause webhook_resume webhook_redeliver staff_webhook_pause staff_webhook_resume staff_webhook_redeliver""",
}
# Pictures, style sheets and files: nothing to look at. The HTTP tests ask for them.
NO_PAGES = """
    test_provider_metadata test_provider_oidc_description test_provider_oidc_keys test_provider_oidc_userinfo
    test_provider_metadata sso_metadata sso_jwks sso_certificate sso_start sso_callback sso_finish sso_slo sso_farewell
    healthz health_live health_ready metrics
    favicon draft_theme draft_image invitation_theme invitation_logo organization_logo organization_banner organization_theme
    audit_export staff_audit_export program_theme staff_mail_preview_html""".split()
# They look the same whoever opens them, so that one pair of eyes is enough.
SAME_FOR_ALL = (
    "dev_components",
    "dev_components_plain",
    "dev_components_dialog",
    "dev_mailbox",
    "dev_mail",
    "test_provider",
    "directory",
    "api_reference",
)


def named() -> dict[str, str]:
    """All named addresses of the urlconf outside the API: name → pattern."""

    def walk(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, str]]:
        for pattern in patterns:
            here = before + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                if pattern.namespace is None:
                    yield from walk(pattern.url_patterns, here)
            elif pattern.name:
                yield pattern.name, here

    return dict(walk(get_resolver().url_patterns, ""))


def expected() -> dict[str, dict[str, int]]:
    """The table: page → who → status."""
    return {page: dict(zip(WHO, map(int, statuses.split()), strict=True)) for statuses, pages in ANSWERS.items() for page in pages.split()}


@dataclass
class Stage:
    """A tenant in which there is one of everything, and who looks at it."""

    tenant: Tenant
    people: dict[str, Client]
    values: dict[str, str] = field(default_factory=dict)

    def path(self, page: str) -> str:
        name, _, last = page.partition("/")
        names = re.findall(r"<(?:\w+:)?(\w+)>", named()[name])
        values = self.values | ({names[-1]: last} if last else {})
        return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values[found[1]], named()[name])


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    tenant = Tenant.make("every-page")
    cast, nora = Cast(tenant), tenant.staff("nora@northwind.example", "admin")
    tenant.staff("sam@northwind.example", "support").close()
    ok(cast.owner.post(f"{cast.org}/invitations", json={"email": "dana@contoso.example", "role": "learner"}), 201)
    ok(cast.owner.post(f"{cast.member_at('support')}/suspension", json={"reason": "On leave"}))
    ok(cast.owner.patch(cast.org, json={"public": True, "industry": "Mining", "brand_colour": "#c2410c"}))
    for resource, limit in (("seat:member", 4), ("seat:admin", 4), ("quota:project", 2)):
        ok(cast.admin.put(f"{cast.org}/entitlements/{resource}", json={"limit": limit, "reason": "Pilot"}))
    ok(cast.admin.post(f"{cast.org}/usage/quota:project", json={"resource_id": "proj_1"}), 201)
    ok(cast.admin.put("/permissions", json={"permissions": [{"name": "project:create", "roles": ["owner"]}]}))
    token = tenant.invitation_token("dana@contoso.example")
    with tenant.scope():
        factories.organization("Litware", {"owner": "owner@litware.example"}, active=False)
        change_password(user=cast.owner.me, current="", password="plum-basket-73-rivers", keep_session=None, actor=CLI)
        drafts.save_step(
            user=cast.owner.me, values={"name": "Adatum", "country": "IN", "default_currency": "INR", "at": "confirm"}, actor=CLI
        )
        sam = Staff.objects.get(user__email="sam@northwind.example").public_id
        link = make_link(user=cast.learner.me)
        suppressed = factories.suppressed("gone@contoso.example")
        mail = Message.objects.filter(to="dana@contoso.example").latest("id").public_id
    connection = ok(cast.admin.post(f"{cast.org}/sso-connections", json={"kind": "saml", "preset": "test"}), 201)["id"]
    scopes = ["people", "product", "integration"]
    key = ok(cast.maintainer.post("/keys", json={"name": "Zapier", "scopes": scopes, "organization": cast.contoso.public_id}), 201)["id"]
    ok(cast.admin.post("/keys", json={"name": "Data warehouse", "scopes": ["reporting"]}), 201)
    directory = ok(cast.admin.post(f"{cast.org}/scim-tokens", json={"name": "Okta"}), 201)["id"]
    ok(cast.admin.put(f"{cast.org}/scim-group-mappings", json=[{"group": "Team leads", "role": "manager"}]))
    hook = {"url": "http://127.0.0.1:9/hook", "events": ["organization.state_changed"], "headers": {"X-Token": "x"}}
    endpoint = ok(cast.admin.post("/webhook-endpoints", json={**hook, "organization": cast.contoso.public_id}), 201)["id"]
    delivery = ok(cast.admin.post(f"/webhook-endpoints/{endpoint}/test", json={"event_type": "member.added"}))["id"]
    domain = ok(cast.admin.post(f"{cast.org}/domains", json={"domain": "contoso.example"}), 201)["id"]
    ok(cast.admin.post(f"{cast.org}/domains/{domain}/decision", json={"decision": "verify", "reason": "Known for years"}))
    with tenant.sign_in("zoe@contoso.example") as zoe:
        asked = ok(zoe.post("/me/join-requests", json={"organization": cast.contoso.public_id}), 201)["request"]
    owner = tenant.sign_in("owner@contoso.example")  # the password ended the first session
    with tenant.scope():
        passkey = Passkey(user=cast.owner.me, name="My laptop", credential_id=b"1", public_key=b"1")
        passkey.save(force_insert=True)
    values = {
        "slug": "contoso", "membership_id": cast.member("manager").public_id, "organization_id": cast.contoso.public_id, "token": token,
        "user_id": cast.learner.id, "resource_type": "quota:project", "message_id": mail, "section": "profile",
        "invitation_id": ok(owner.get(f"{cast.org}/invitations"))["data"][0]["id"],
        "staff_id": sam,
        "key_id": key, "token_id": directory, "endpoint_id": endpoint, "delivery_id": delivery,
        "domain_id": domain, "request_id": asked,
        "suppression_id": suppressed,
        "name": "invitation",
        "impersonation_id": "imp_01h455vb4pex5vsknk084sn02q",
        "passkey_id": passkey.public_id,
        "device_id": "dev_01h455vb4pex5vsknk084sn02q",
        "connection_id": connection, "identity_id": "idn_01h455vb4pex5vsknk084sn02q",
        "window_id": "mtw_01h455vb4pex5vsknk084sn02q",
        "job_id": str(factories.dead_job(tenant.id)),
        "session_id": ok(nora.get(f"/users/{owner.id}/sessions"))["data"][0]["id"],
    }  # fmt: skip
    people = {"owner": owner, "learner": cast.learner, "billing_admin": cast.billing_admin, "staff": nora, "nobody": tenant.nobody()}
    made = Stage(tenant, people, values)
    made.values["link"] = link.rpartition("/")[2]
    yield made
    cast.close()
    for client in people.values():
        client.close()


def address(stage: Stage, page: str) -> str:
    """Where a page is; a sign-in link has a token of its own, and a part of the reference has everything that the whole has."""
    if page == "api_reference":
        return f"{stage.path(page)}?q=invitations"
    if page == "staff_impersonation_new":
        return f"{stage.path(page)}?user={stage.values['user_id']}&organization={stage.values['organization_id']}"
    return f"sign-in/link/{stage.values['link']}" if page == "sign_in_link" else stage.path(page)


def test_the_table_knows_every_address() -> None:
    listed = {page.partition("/")[0] for page in expected()} | set(NO_PAGES)
    assert listed == set(named()), "the table of this file and the urlconf differ"


@pytest.fixture(scope="module")
def memory() -> Memory:
    """Shared by all who look at the same stage."""
    return Memory()


@pytest.mark.parametrize("who", WHO)
def test_who_may_open_what(stage: Stage, who: str) -> None:
    client, wrong = stage.people[who], []
    for page, answers in expected().items():
        answer = client.get(f"{stage.tenant.url}/{address(stage, page)}", headers={"Accept": "text/html"})
        if answer.status_code != answers[who]:
            wrong.append(f"{page}: {answer.status_code} instead of {answers[who]}")
        if answer.status_code == httpx.codes.FOUND and who == "nobody":
            assert "/sign-in" in answer.headers["location"]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("who", WHO)
@pytest.mark.timeout(600)
def test_every_page_can_be_used(stage: Stage, memory: Memory, windows: Windows, who: str) -> None:
    window = windows.open(stage.tenant.url, None if who == "nobody" else stage.people[who])
    wrong = []
    for page, answers in expected().items():
        if answers[who] != 200 or (page in SAME_FOR_ALL and who != "owner"):
            continue
        before = len(windows.complaints)
        answer = window.goto(address(stage, page))
        new = memory.news(window)
        found = glance(window, new) if new else frame_faults(window)
        found += windows.complaints[before:]
        if not answer or answer.status != 200:
            found.append(f"answered {answer and answer.status}")
        wrong += [f"{page}: {fault}" for fault in found]
        if found:
            windows.photograph(f"{who}-{page.replace('/', '-')}")
    windows.complaints.clear()  # they are in the list
    assert not wrong, "\n".join(wrong)


# Empty lists, and refusals as pages.
STATES = {
    "o/contoso/members?q=nobody+like+that": 200,
    "o/contoso/invitations?status=declined": 200,
    "o/contoso/join-requests?status=refused": 200,
    "o/contoso/audit?action=member.left": 200,
    "o/contoso/billing/usage/quota:data_room": 200,
    "o/contoso/nowhere": 404,
    "o/fabrikam/": 404,
    "o/contoso/billing/limits/new": 403,
    f"sign-in/link/{'A' * 43}": 410,
    f"invitations/{'A' * 43}": 404,
}


def test_empty_lists_and_refusals_can_be_used(stage: Stage, windows: Windows) -> None:
    window, wrong = windows.open(stage.tenant.url, stage.people["owner"]), []
    for path, status in STATES.items():
        answer = window.goto(path)
        assert answer and answer.status == status, f"{path}: {answer and answer.status}"
        wrong += [f"{path}: {fault}" for fault in glance(window)]

    window = windows.open(stage.tenant.url, stage.people["owner"])
    window.goto("o/contoso/invitations/new")
    window.locator("form.card").evaluate("form => form.noValidate = true")
    window.get_by_label("E-mail").fill("no address")
    window.locator("input[value=owner]").check()
    window.get_by_role("button", name="Send the invitation").click()
    expect(window.locator("[aria-invalid=true]")).to_have_count(1)
    wrong += [f"a refused form: {fault}" for fault in look(window, closely=False)]
    window.goto("o/contoso/invitations/bulk")
    window.get_by_label("Or paste a list").fill(
        "email,role\nerin@contoso.example,learner\nno address,learner\nfinn@contoso.example,captain\n"
    )
    window.get_by_role("button", name="Invite all").click()
    expect(window.locator("h1")).to_contain_text("people were invited")
    wrong += [f"the report: {fault}" for fault in look(window)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("width", WIDTHS)
def test_menus_and_dialogs_can_be_used(stage: Stage, windows: Windows, width: int) -> None:
    window, wrong = windows.open(stage.tenant.url, stage.people["owner"], width=width), []

    def seen(what: str) -> None:
        for colour, rules in (("light", RULES), ("dark", CONTRAST)):  # as in look: all rules once a width
            window.emulate_media(color_scheme=colour)  # type: ignore[arg-type]  # as above
            wrong.extend(f"{what}, {colour}: {fault}" for fault in faults(window, rules=rules))
        overflow = window.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if overflow > 0:
            wrong.append(f"{what}: {overflow} px too wide")

    window.goto("o/contoso/members")
    manager = window.locator("#list tbody tr").filter(has_text="manager@")
    manager.get_by_role("button", name="Actions for").click()
    expect(manager.get_by_role("link", name="Change role")).to_be_visible()
    seen("a row's menu")
    manager.get_by_role("link", name="Change role").click()
    expect(window.get_by_role("dialog")).to_be_visible()
    seen("a dialog")
    window.keyboard.press("Escape")
    window.get_by_role("button", name="Account of").click()
    expect(window.get_by_role("button", name="Sign out")).to_be_visible()
    seen("the account's menu")
    window.keyboard.press("Escape")
    window.get_by_role("button", name="Contoso").first.click()
    expect(window.get_by_role("link", name="New organization")).to_be_visible()
    seen("the switcher")
    window.goto("o/contoso/audit")
    window.locator("button[popovertarget=range]").click()
    expect(window.get_by_label("From")).to_be_visible()
    seen("the range of days")
    window.keyboard.press("Escape")
    window.locator("ol.events summary").first.click()
    seen("an open event")
    window.goto("account/sessions")
    window.get_by_role("button", name="Sign out everywhere").click()
    expect(window.get_by_role("alertdialog")).to_be_visible()
    seen("a question")
    assert not wrong, "\n".join(wrong)
