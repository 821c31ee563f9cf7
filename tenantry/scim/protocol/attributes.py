"""The attributes of Users, Groups and the enterprise extension (RFC 7643 §4), as data that everything else reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

USER: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute (RFC 7643 §2.2, §7). ``sub`` are those of a complex one."""

    name: str
    type: str = "string"
    description: str = ""
    multi: bool = False
    required: bool = False
    case_exact: bool = False
    mutability: str = "readWrite"
    returned: str = "default"
    uniqueness: str = "none"
    canonical: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    sub: tuple[Attribute, ...] = ()

    @property
    def complex(self) -> bool:
        return self.type == "complex"

    def child(self, name: str) -> Attribute | None:
        """The sub-attribute of this name, whatever its letter case."""
        wanted = name.lower()
        return next((each for each in self.sub if each.name.lower() == wanted), None)


@dataclass(frozen=True)
class Schema:
    """One schema. An extension's attributes stand below its URN."""

    urn: str
    name: str
    description: str
    attributes: tuple[Attribute, ...]

    @cached_property
    def by_name(self) -> dict[str, Attribute]:
        return {each.name.lower(): each for each in self.attributes}


def _valued(name: str, description: str, *kinds: str, of: str = "string", references: tuple[str, ...] = ()) -> Attribute:
    """A list of values with a type, one of them perhaps the primary one (RFC 7643 §2.4)."""
    sub = (
        Attribute("value", of, f"The value: {description[0].lower()}{description[1:]}", case_exact=of != "string", references=references),
        Attribute("display", description="How to show it."),
        Attribute("type", description="What it is for.", canonical=kinds),
        Attribute("primary", "boolean", "Whether it is the preferred one; at most one is."),
    )
    return Attribute(name, "complex", description, multi=True, sub=sub)


_NAME = Attribute(
    "name", "complex", "The parts of the person's name.",
    sub=(
        Attribute("formatted", description="The whole name, for display."),
        Attribute("familyName", description="The family name."),
        Attribute("givenName", description="The given name."),
        Attribute("middleName", description="Middle names."),
        Attribute("honorificPrefix", description="A title before the name."),
        Attribute("honorificSuffix", description="What stands after the name."),
    ),
)  # fmt: skip
_ADDRESSES = Attribute(
    "addresses", "complex", "Postal addresses.", multi=True,
    sub=(
        Attribute("formatted", description="The whole address, for display."),
        Attribute("streetAddress", description="Street and number."),
        Attribute("locality", description="City."),
        Attribute("region", description="State or region."),
        Attribute("postalCode", description="Postal code."),
        Attribute("country", description="Country, ISO 3166-1 alpha-2."),
        Attribute("type", description="What it is for.", canonical=("work", "home", "other")),
        Attribute("primary", "boolean", "Whether it is the preferred one; at most one is."),
    ),
)  # fmt: skip
_GROUPS = Attribute(
    "groups", "complex", "The groups that the person is in; changed through the groups.", multi=True, mutability="readOnly",
    sub=(
        Attribute("value", description="The group's id.", mutability="readOnly", case_exact=True),
        Attribute("$ref", "reference", "The group's address.", mutability="readOnly", case_exact=True, references=("Group",)),
        Attribute("display", description="The group's name.", mutability="readOnly"),
        Attribute("type", description="Direct membership.", mutability="readOnly", canonical=("direct",)),
    ),
)  # fmt: skip

COMMON: Final = (
    Attribute("id", description="Our identifier.", case_exact=True, mutability="readOnly", returned="always", uniqueness="server"),
    Attribute("externalId", description="The identifier that the directory gave.", case_exact=True, uniqueness="server"),
    Attribute("schemas", "reference", "Which schemas the resource uses.", multi=True, case_exact=True, returned="always"),
    Attribute(
        "meta", "complex", "About the resource.", mutability="readOnly",
        sub=(
            Attribute("resourceType", description="User or Group.", case_exact=True, mutability="readOnly"),
            Attribute("created", "dateTime", "When it was made.", mutability="readOnly"),
            Attribute("lastModified", "dateTime", "When it was last changed.", mutability="readOnly"),
            Attribute("location", "reference", "Its address.", case_exact=True, mutability="readOnly", references=("uri",)),
            Attribute("version", description="Its version, as in ETag.", case_exact=True, mutability="readOnly"),
        ),
    ),
)  # fmt: skip

USER_SCHEMA: Final = Schema(
    USER, "User", "A person of the organization.",
    (
        Attribute("userName", description="The name in the directory, unique in the organization.", required=True, uniqueness="server"),
        _NAME,
        Attribute("displayName", description="The name to show."),
        Attribute("nickName", description="How the person is called."),
        Attribute("profileUrl", "reference", "A page about the person.", case_exact=True, references=("external",)),
        Attribute("title", description="The person's title, such as “Vice President”."),
        Attribute("userType", description="How the person belongs, such as “Contractor”."),
        Attribute("preferredLanguage", description="As in Accept-Language."),
        Attribute("locale", description="For dates and numbers, such as “en-US”."),
        Attribute("timezone", description="IANA name, such as “Europe/Berlin”."),
        Attribute("active", "boolean", "Whether the person may come in; not sent, it is true. False suspends.",
                  required=True),
        Attribute("password", description="Taken and thrown away: a directory's people sign in by their directory.", mutability="writeOnly",
                  returned="never", case_exact=True),
        _valued("emails", "E-mail addresses. The primary one is the account's.", "work", "home", "other"),
        _valued("phoneNumbers", "Telephone numbers.", "work", "home", "mobile", "fax", "pager", "other"),
        _valued("ims", "Instant messaging addresses.", "aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"),
        _valued("photos", "Addresses of pictures.", "photo", "thumbnail", of="reference", references=("external",)),
        _ADDRESSES,
        _GROUPS,
        _valued("entitlements", "What the person may have, in the directory's words."),
        _valued("roles", "Roles, in the directory's words. A role here comes from groups."),
        _valued("x509Certificates", "Certificates.", of="binary"),
    ),
)  # fmt: skip
GROUP_SCHEMA: Final = Schema(
    GROUP, "Group", "A group of the directory. Mapped groups give roles.",
    (
        Attribute("displayName", description="The group's name, unique in the organization.", required=True, uniqueness="server"),
        Attribute(
            "members", "complex", "Who is in the group.", multi=True,
            sub=(
                Attribute("value", description="The member's id.", case_exact=True, mutability="immutable"),
                Attribute("$ref", "reference", "The member's address.", case_exact=True, mutability="immutable", references=("User",)),
                Attribute("type", description="User.", mutability="immutable", canonical=("User",)),
                Attribute("display", description="The member's name, if asked for.", mutability="readOnly", returned="request"),
            ),
        ),
    ),
)  # fmt: skip
ENTERPRISE_SCHEMA: Final = Schema(
    ENTERPRISE, "EnterpriseUser", "What companies keep about a person.",
    (
        Attribute("employeeNumber", description="A number or name that the company gave."),
        Attribute("costCenter", description="Cost center."),
        Attribute("organization", description="Organization."),
        Attribute("division", description="Division."),
        Attribute("department", description="Department."),
        Attribute(
            "manager", "complex", "The person's manager.",
            sub=(
                Attribute("value", description="The manager's id.", case_exact=True),
                Attribute("$ref", "reference", "The manager's address.", case_exact=True, references=("User",)),
                Attribute("displayName", description="The manager's name.", mutability="readOnly"),
            ),
        ),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class ResourceType:
    """One kind of resource with its core schema and extensions."""

    name: str
    endpoint: str
    description: str
    core: Schema
    extensions: tuple[Schema, ...] = ()

    @cached_property
    def root(self) -> dict[str, Attribute]:
        """The common attributes and the core schema's, by lower-case name."""
        return {each.name.lower(): each for each in COMMON} | self.core.by_name

    @cached_property
    def typed(self) -> tuple[str, ...]:
        """The lists whose values have a type and may be the primary one."""
        return tuple(each.name for each in self.core.attributes if each.multi and each.child("primary"))

    @cached_property
    def by_urn(self) -> dict[str, Schema]:
        return {schema.urn.lower(): schema for schema in (self.core, *self.extensions)}


USERS: Final = ResourceType("User", "/Users", "People of the organization.", USER_SCHEMA, (ENTERPRISE_SCHEMA,))
GROUPS: Final = ResourceType("Group", "/Groups", "Groups of the directory.", GROUP_SCHEMA)
TYPES: Final = (USERS, GROUPS)
SCHEMAS: Final = (USER_SCHEMA, GROUP_SCHEMA, ENTERPRISE_SCHEMA)
