"""The demo: one vendor, two customers in different states, people in every role. Loaded once; again changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from tenantry.access.keys import create_key
from tenantry.access.scopes import unbundled
from tenantry.access.vendor import register_vendor_permissions
from tenantry.audit.services import CLI, Actor
from tenantry.entitlements.services import acquire, set_limit
from tenantry.kit.clock import now
from tenantry.maintenance.services import schedule
from tenantry.organizations.authority import SYSTEM_AUTHORITY
from tenantry.organizations.domains.services import claim, decide
from tenantry.organizations.invitations import invite
from tenantry.organizations.membership import ADD, SUSPEND, settle
from tenantry.organizations.models import Organization
from tenantry.organizations.services import found, transition
from tenantry.people.models import Staff, User
from tenantry.people.staff import add_staff
from tenantry.people.users import ensure_user, name_if_nameless
from tenantry.scim import errors, groups, mappings, users
from tenantry.scim import settings as scim_settings
from tenantry.scim.refusals import uniqueness
from tenantry.scim.tokens import make_token
from tenantry.sso.connections import create_connection, test_provider_allowed
from tenantry.sso.policies import change as change_policy
from tenantry.sso.setup import look_up
from tenantry.tenancy.windows import Mode
from tenantry.webhooks.services import create_endpoint, pause_endpoint


@dataclass(frozen=True, slots=True)
class Demo:
    """Whom to sign in as, and where to look."""

    admin_email: str = "admin@northwind.example"
    owner_email: str = "ada@contoso.example"
    organization_slug: str = "contoso"


STAFF = [
    ("admin@northwind.example", "Nora Lindqvist", "admin"),
    ("finance@northwind.example", "Farid Haddad", "finance"),
    ("success@northwind.example", "Clara Okafor", "csm"),
    ("support@northwind.example", "Sam Peeters", "support"),
    ("audit@northwind.example", "Aiko Tanaka", "auditor"),
]
CONTOSO = [
    ("ada@contoso.example", "Ada Okoye", "owner", "People"),
    ("mateo@contoso.example", "Mateo Ruiz", "maintainer", "IT"),
    ("bea@contoso.example", "Bea Novák", "billing_admin", "Finance"),
    ("george@contoso.example", "George Mwangi", "manager", "Field"),
    ("lena@contoso.example", "Lena Fischer", "learner", "Plant"),
    ("ravi@contoso.example", "Ravi Iyer", "learner", "Plant"),
    ("maya@contoso.example", "Maya Cohen", "learner", "Field"),
    ("tomas@contoso.example", "Tomás Silva", "learner", "IT"),
    ("hugo@contoso.example", "Hugo Laurent", "expert", "People"),
    ("suki@contoso.example", "Suki Park", "support", "IT"),
]
PRODUCT = Actor("key", None, "Northwind product", "api")
VENDOR_PERMISSIONS = [
    ("project:create", "Start a project.", ["owner", "maintainer", "manager"]),
    ("project:view", "Open a project.", ["owner", "maintainer", "billing_admin", "manager", "expert", "learner", "support"]),
    ("session:book", "Book a session.", ["learner", "manager"]),
]


def load() -> Demo:
    """Load the demo into the open scope's tenant, whole or not at all (one transaction). Idempotent."""
    demo = Demo()
    if Organization.objects.filter(slug=demo.organization_slug).exists():
        return demo
    for email, name, role in STAFF:
        person, _ = ensure_user(email=email, name=name, actor=CLI)
        if not Staff.objects.filter(user=person).exists():
            add_staff(email=email, role=role, actor=CLI)
    register_vendor_permissions(wanted=VENDOR_PERMISSIONS, actor=CLI)
    _contoso()
    _fabrikam()
    _maintenance()
    return demo


def _contoso() -> None:
    """A customer at work: verified, most seats taken, one person suspended, two invited, two projects open."""
    email, name, _, _ = CONTOSO[0]
    owner = _person(email, name)
    ada, nora = _acting(owner), _acting(User.objects.get(email=STAFF[0][0]), "staff")
    contoso = found(
        values={
            "name": "Contoso", "slug": "contoso", "country": "IN", "default_currency": "INR", "time_zone": "Asia/Kolkata",
            "legal_name": "Contoso Learning Private Limited", "size": "201-1000", "industry": "Manufacturing",
            "website": "https://contoso.example", "description": "Makes machines, and trains the people who run them.",
            "brand_colour": "#3b5bdb", "public": True, "billing_email": "accounts@contoso.example",
        },
        owner=owner, plan="team", actor=nora,
    )  # fmt: skip
    contoso = transition(organization=contoso, act="approve", actor=nora)
    for email, name, role, team in CONTOSO[1:]:
        settle(ADD, organization=contoso, user=_person(email, name), role=role, team=team, authority=SYSTEM_AUTHORITY, actor=ada)
    settle(
        SUSPEND, organization=contoso, user=User.objects.get(email="tomas@contoso.example"), authority=SYSTEM_AUTHORITY,
        reason="On leave until spring", actor=ada,
    )  # fmt: skip
    # Paused, so that the demo calls nobody; what follows is in its list and can be sent after resuming it.
    hook, _ = create_endpoint(
        url="https://example.com/hooks/tenantry", events=["*"], description="People data warehouse", organization_id=contoso.id, actor=ada
    )
    pause_endpoint(endpoint=hook, actor=ada)
    claimed = claim(organization=contoso, domain="contoso.example", actor=ada)
    decide(domain=claimed, verify=True, reason="Seen in the trade register", actor=nora)
    _single_sign_on(contoso, ada)
    _directory(contoso, owner, ada)
    for email in ("nina@contoso.example", "omar@contoso.example"):
        invite(organization=contoso, email=email, role="learner", authority=SYSTEM_AUTHORITY, actor=ada)
    set_limit(organization_id=contoso.id, resource_type="quota:project", limit=3, reason="Pilot", actor=nora)
    for project in ("press-line-2", "safety-week"):
        acquire(organization_id=contoso.id, resource_type="quota:project", resource_id=project, actor=PRODUCT)
    create_key(
        name="Personnel system", organization_id=contoso.id, scopes=unbundled(["people"], by_organization=True), owner=owner.id, actor=ada
    )


def _single_sign_on(contoso: Organization, ada: Actor) -> None:
    """In test mode, by the provider that is part of the workspace; where that isn't allowed, nothing."""
    if not test_provider_allowed():
        return
    create_connection(
        organization=contoso,
        kind="saml",
        preset="test",
        values={"name": "Contoso ID"},
        found=look_up({}, preset="test", kind="saml"),
        actor=ada,
    )
    change_policy(organization=contoso, values={"mode": "test"}, actor=ada)


def _directory(contoso: Organization, owner: User, ada: Actor) -> None:
    """Directory sync at work: a token, some of the people, two groups of which one gives a role, and a refusal that is explained."""
    token, _ = make_token(organization_id=contoso.id, name="Okta", owner=owner.id, actor=ada)
    okta, settings = Actor("scim_token", token.id, token.name, "scim"), scim_settings.of(contoso.id)
    people = []
    for email, name, _, team in CONTOSO[3:7]:
        given, _, family = name.partition(" ")
        body = {
            "userName": email, "externalId": f"00u-{given.lower()}", "displayName": name,
            "name": {"givenName": given, "familyName": family},
            "emails": [{"value": email, "type": "work", "primary": True}], "department": team,
        }  # fmt: skip
        people.append({"value": users.create(organization=contoso, body=body, settings=settings, actor=okta).public_id})
    for name, members in (("Field leads", people[:1]), ("Everyone at Contoso", people)):
        groups.create(organization=contoso, body={"displayName": name, "members": members}, settings=settings, actor=okta)
    mappings.change(organization_id=contoso.id, mappings=[mappings.Mapping("Field leads", "manager")], governance=True, actor=ada)
    taken = uniqueness("The userName lena@contoso.example is taken.")
    errors.keep(  # in this transaction: the organization isn't there for any other yet
        organization_id=contoso.id, problem=taken, status=taken.status, method="POST", path="/scim/v2/Users", scim_type="uniqueness",
        token_name=token.name, user_name="lena@contoso.example", sent={"userName": "lena@contoso.example", "externalId": "00u-lena-2"},
    )  # fmt: skip


def _fabrikam() -> None:
    """A customer who has just signed up and waits for verification."""
    owner = _person("franz@fabrikam.example", "Franz Keller")
    found(
        values={"name": "Fabrikam", "slug": "fabrikam", "country": "DE", "default_currency": "EUR", "time_zone": "Europe/Berlin"},
        owner=owner, plan="free", actor=CLI,
    )  # fmt: skip


def _maintenance() -> None:
    """Announced for the night a week from now; a banner tells of it a day ahead."""
    begins = (now() + timedelta(days=7)).replace(hour=2, minute=0, second=0, microsecond=0)
    schedule(
        organization_id=None, starts_at=begins, ends_at=begins + timedelta(hours=1), mode=Mode.WRITES,
        message="We move to a larger database.", actor=_acting(User.objects.get(email=STAFF[0][0]), "staff"),
    )  # fmt: skip


def _acting(person: User, kind: str = "user") -> Actor:
    """The demo's people do their own acts, so that the record reads like one."""
    return Actor(kind, person.id, person.email, "portal")


def _person(email: str, name: str) -> User:
    user, _ = ensure_user(email=email, name=name, actor=CLI)
    name_if_nameless(user=user, name=name, actor=CLI)
    return user
