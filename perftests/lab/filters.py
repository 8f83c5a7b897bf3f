"""The filters of the list of runs that look into what is stored of a run as JSON."""

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..models import PerfResult, PerfRun

if TYPE_CHECKING:
    RunModelAdmin = admin.ModelAdmin[PerfRun]
else:
    RunModelAdmin = admin.ModelAdmin

Runs = QuerySet[PerfRun]

LOOKED_THROUGH = 200
"""Runs, the newest: what they have is offered, so that thousands of stored ones cost nothing."""


class OccurringFilter(admin.SimpleListFilter):
    """Filter by a value that occurs in the newest runs."""

    def lookups(self, request: HttpRequest, model_admin: RunModelAdmin) -> list[tuple[str, str]]:
        return [(value, value) for value in self.occurring(request)]

    def queryset(self, request: HttpRequest, queryset: Runs) -> Runs:
        value = self.value()
        if not value:
            return queryset
        return queryset.filter(self.having(value)) if "\0" not in value else queryset.none()

    def occurring(self, request: HttpRequest) -> list[str]:
        """The values to offer, in order."""
        raise NotImplementedError

    def having(self, value: str) -> Q | Exists:
        """The condition that a run has this value."""
        raise NotImplementedError


class JsonFilter(OccurringFilter):
    """Filter by a text in the parameters or the environment, at `field`."""

    field: str
    _read: "WeakKeyDictionary[HttpRequest, list[dict[str, object]]]" = WeakKeyDictionary()

    def occurring(self, request: HttpRequest) -> list[str]:
        """All fields are read by one query for each request."""
        if request not in self._read:
            fields = [kind.field for kind in JSON_FILTERS]
            newest = PerfRun.objects.order_by("-started_at", "-pk")[:LOOKED_THROUGH]
            self._read[request] = list(newest.values(*fields))
        found = {row[self.field] for row in self._read[request]}
        return sorted(value for value in found if isinstance(value, str) and value)

    def having(self, value: str) -> Q:
        return Q((self.field, value))


class ScaleFilter(JsonFilter):
    title, parameter_name, field = _("scale"), "scale", "parameters__scale"


class ServerFilter(JsonFilter):
    title, parameter_name, field = _("server"), "server", "parameters__server"


class BranchFilter(JsonFilter):
    title, parameter_name, field = _("branch"), "branch", "environment__git__branch"


class DatabaseFilter(JsonFilter):
    title, parameter_name, field = _("database"), "database", "environment__database__vendor"


class MachineFilter(JsonFilter):
    title, parameter_name, field = _("machine"), "machine", "environment__cpu"


JSON_FILTERS = (ScaleFilter, ServerFilter, BranchFilter, DatabaseFilter, MachineFilter)


class SuiteFilter(OccurringFilter):
    """Runs in which a test of the suite has ended."""

    title, parameter_name = _("suite"), "suite"

    def occurring(self, request: HttpRequest) -> list[str]:
        newest = PerfRun.objects.order_by("-started_at", "-pk")[:LOOKED_THROUGH]
        results = PerfResult.objects.filter(run__in=list(newest.values_list("pk", flat=True)))
        return sorted(results.order_by().values_list("suite", flat=True).distinct())

    def having(self, value: str) -> Exists:
        return Exists(PerfResult.objects.filter(run=OuterRef("pk"), suite=value))


class WorkloadFilter(admin.SimpleListFilter):
    """Runs of the usual workloads apart from those with numbers of the project's own."""

    title, parameter_name = _("workload"), "workload"

    def lookups(self, request: HttpRequest, model_admin: RunModelAdmin) -> list[tuple[str, str]]:
        return [("usual", gettext("that of the scale")), ("own", gettext("changed"))]

    def queryset(self, request: HttpRequest, queryset: Runs) -> Runs:
        own = Q(parameters__has_key="workloads") & ~Q(parameters__workloads={})
        wanted = {"usual": ~own, "own": own}.get(self.value() or "", Q())
        return queryset.filter(wanted)


FILTERS = ("verdict", "state", SuiteFilter, *JSON_FILTERS, WorkloadFilter, "pinned")
"""In the order in which they stand beside the list."""
