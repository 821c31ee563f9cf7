"""Windows: the tenant's own, the platform's, and what each tenant's record has told of the platform's."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from tenantry.kit.clock import now
from tenantry.kit.ids import encode, new_id
from tenantry.tenancy.fields import OrganizationId
from tenantry.tenancy.models import TenantModel
from tenantry.tenancy.windows import PREFIX, Mode, Reach


class Told(models.TextChoices):
    """The last that the record has said of a window. Its state at a moment follows from the times; the record follows within a minute."""

    SCHEDULED = "scheduled"
    STARTED = "started"
    ENDED = "ended"
    CANCELLED = "cancelled"


OPEN = (Told.SCHEDULED, Told.STARTED)


class _Times(models.Model):
    """What every window has. ``ends_at`` None: until somebody ends it."""

    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    mode = models.CharField(max_length=12, choices=[(mode.value, mode.value) for mode in Mode], default=Mode.WRITES.value)
    message = models.CharField(max_length=280, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(name="%(class)s_ends_after_start", condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("starts_at"))),
            models.CheckConstraint(name="%(class)s_mode_known", condition=Q(mode__in=[mode.value for mode in Mode])),
        ]


class Window(_Times, TenantModel):
    """A window of the whole tenant, or of one organization. Members see both kinds, of other organizations' none."""

    PREFIX = PREFIX

    organization_id = OrganizationId(null=True)
    told = models.CharField(max_length=10, choices=Told.choices, default=Told.SCHEDULED)

    class Meta:
        # The few that aren't over: every request looks at those of its tenant.
        indexes = [
            models.Index(fields=["tenant_id", "starts_at"], name="maintenance_window_open", condition=Q(told__in=["scheduled", "started"]))
        ]
        constraints = [
            *_Times.Meta.constraints,
            models.CheckConstraint(name="window_told_known", condition=Q(told__in=[told.value for told in Told])),
        ]

    @property
    def reach(self) -> Reach:
        return Reach.ORGANIZATION if self.organization_id else Reach.TENANT


class PlatformWindow(_Times):
    """A window of the whole installation. Written by the platform's role alone; every tenant may read it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField(default=now, editable=False)
    cancelled = models.BooleanField(default=False)

    class Meta(_Times.Meta):
        abstract = False

    reach = Reach.PLATFORM

    @property
    def public_id(self) -> str:
        return encode(PREFIX, self.id)


class PlatformTelling(TenantModel):
    """What one tenant's record has told of a window of the platform."""

    window_id = models.UUIDField()
    told = models.CharField(max_length=10, choices=Told.choices)

    class Meta:
        constraints = [models.UniqueConstraint(name="maintenance_telling_once", fields=["tenant_id", "window_id"])]
