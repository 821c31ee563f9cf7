"""The columns that every tenant's table has, and references that stay inside the tenant."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from django.db import models

from tenantry.kit.clock import now
from tenantry.kit.ids import encode, new_id

from .scope import current_tenant_id

Target = TypeVar("Target", bound=models.Model)


class TenantForeignKey(models.ForeignKey):
    """A reference to a row of the same tenant.

    Django knows the single column; the database enforces ``(tenant_id, x_id)`` (made by ``Isolate``).
    No index comes with it: indexes begin with ``tenant_id`` and are written out in ``Meta``.
    """

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **options: Any) -> None:
        options.setdefault("db_constraint", False)
        options.setdefault("db_index", False)
        super().__init__(to, on_delete, **options)


class OrganizationId(models.UUIDField):
    """The id of the organization whose row this is, in the rooms that know an organization by its id only.

    ``Isolate`` makes it a foreign key. A plain UUIDField of the same name (the audit's) has none: its rows
    outlive what they speak of.
    """


class SealedField(models.BinaryField):
    """What ``kit.crypto.seal`` made, under the context ``"<context> <id of the row>"``; to the database it is bytes.

    The field says which context, so that keys can be changed and checked for every sealed value there is
    (``tenantry secrets reseal``, ``tenantry restore``). Names of such fields begin with ``sealed_``.
    """

    def __init__(self, context: str = "", **options: Any) -> None:
        self.context = context
        super().__init__(**options)

    def deconstruct(self) -> Any:
        """Migrations know it as the column that it is."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.BinaryField", args, kwargs


class TenantModel(models.Model):
    """A row of one tenant. ``PREFIX`` is that of its identifiers outside (``mem_…``)."""

    PREFIX = ""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant_id = models.UUIDField(default=current_tenant_id, editable=False)
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        abstract = True

    @property
    def public_id(self) -> str:
        """The identifier that leaves the house."""
        return encode(self.PREFIX, self.id)

    @classmethod
    def encode_id(cls, value: UUID) -> str:
        return encode(cls.PREFIX, value)
