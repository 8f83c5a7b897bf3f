"""The stored runs in the admin: to be read, searched, charted and pinned, never to be edited."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from . import store
from .lab import run_page
from .models import PerfMetric, PerfResult, PerfRun
from .records.environment import short
from .records.results import State
from .templatetags.perfruns import badge, seconds

if TYPE_CHECKING:
    PerfRunModelAdmin = admin.ModelAdmin[PerfRun]
else:
    PerfRunModelAdmin = admin.ModelAdmin


class ParameterFilter(admin.SimpleListFilter):
    """Filter by one parameter of the run, offering the values that occur."""

    def lookups(
        self, request: HttpRequest, model_admin: PerfRunModelAdmin
    ) -> list[tuple[str, str]]:
        stored = PerfRun.objects.order_by().values_list(self.field, flat=True).distinct()
        return [(value, value) for value in sorted(filter(None, stored))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[PerfRun]) -> QuerySet[PerfRun]:
        return queryset.filter(**{self.field: self.value()}) if self.value() else queryset

    @property
    def field(self) -> str:
        return f"parameters__{self.parameter_name}"


class ScaleFilter(ParameterFilter):
    title = "scale"
    parameter_name = "scale"


class ServerFilter(ParameterFilter):
    title = "server"
    parameter_name = "server"


class WorkloadFilter(admin.SimpleListFilter):
    """Runs of the usual workloads apart from those with numbers of the project's own."""

    title = parameter_name = "workload"

    def lookups(
        self, request: HttpRequest, model_admin: PerfRunModelAdmin
    ) -> list[tuple[str, str]]:
        return [("usual", "that of the scale"), ("own", "changed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[PerfRun]) -> QuerySet[PerfRun]:
        own = Q(parameters__has_key="workloads") & ~Q(parameters__workloads={})
        wanted = {"usual": ~own, "own": own}.get(self.value() or "", Q())
        return queryset.filter(wanted)


@admin.register(PerfRun)
class PerfRunAdmin(PerfRunModelAdmin):
    """Runs can be seen, with the permission to change them pinned, with that to delete deleted."""

    actions = ("pin", "unpin")
    list_display = ("name", "outcome", "started_at", "duration", "ran_on")
    list_filter = ("verdict", "state", ScaleFilter, ServerFilter, WorkloadFilter, "pinned")
    list_per_page = 50
    search_fields = ("label", "commit", "results__test")
    search_help_text = "Search by label, commit or test."
    date_hierarchy = "started_at"

    class Media:
        css = {"all": ("perftests/admin.css",)}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: PerfRun | None = None) -> bool:
        return False

    def has_pin_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("perftests.change_perfrun")

    @admin.action(description="Pin selected runs", permissions=["pin"])
    def pin(self, request: HttpRequest, runs: QuerySet[PerfRun]) -> None:
        self.message_user(request, f"Runs pinned: {store.pin(runs)}.")

    @admin.action(description="Unpin selected runs", permissions=["pin"])
    def unpin(self, request: HttpRequest, runs: QuerySet[PerfRun]) -> None:
        self.message_user(request, f"Runs unpinned: {store.pin(runs, pinned=False)}.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PerfRun]:
        return PerfRun.objects.with_counts()

    @admin.display(description="run")
    def name(self, run: PerfRun) -> SafeString:
        return format_html("{} {}", run, badge("pinned") if run.pinned else "")

    @admin.display(description="verdict", ordering="verdict")
    def outcome(self, run: PerfRun) -> SafeString:
        counts = (
            (run.passed, "passed"),
            (run.failed, "failed"),
            (run.undecided, "inconclusive"),
            (run.skipped, "skipped"),
        )
        text = ", ".join(f"{count} {word}" for count, word in counts if count)
        return format_html("{} <small>{}</small>", _badges(run), text or "no results")

    @admin.display(ordering="seconds")
    def duration(self, run: PerfRun) -> str:
        return "" if run.state == State.RUNNING else seconds(run.seconds)

    @admin.display(description="commit and environment", ordering="commit")
    def ran_on(self, run: PerfRun) -> SafeString:
        words = [run.workload, run.parameters.get("server")]
        words.append(short({**run.environment, "git": None}))  # the commit stands before it
        text = ", ".join(filter(None, words))
        return format_html("<code>{}</code> <small>{}</small>", run.commit, text)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        run = context["original"]
        context.update(run_page.context(run), badges=_badges(run))
        return super().render_change_form(request, context, *args, **kwargs)

    def get_deleted_objects(
        self, objs: Iterable[PerfRun], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Name the runs, and only count what goes with them: thousands of rows help nobody."""
        runs = list(objs)
        counts = {
            "runs": len(runs),
            "results": PerfResult.objects.filter(run__in=runs).count(),
            "metrics": PerfMetric.objects.filter(result__run__in=runs).count(),
        }
        missing = set() if self.has_delete_permission(request) else {"run"}
        return [str(run) for run in runs], counts, missing, []


def _badges(run: PerfRun) -> SafeString:
    """What the run came to; one that goes on has no verdict yet."""
    if run.current_state is State.RUNNING:
        return badge(State.RUNNING)
    if run.state == State.FINISHED:
        return badge(run.verdict)
    return format_html("{} {}", badge(run.verdict), badge(State.ABORTED))
