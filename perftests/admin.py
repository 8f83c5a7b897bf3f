"""The stored runs in the admin: to be read, searched, charted and pinned, never to be edited."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    QueryDict,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications.db.changelists import ForgivingChangeList

from . import store
from .conf import may_start
from .exceptions import PerftestsError
from .lab import compare_page, exporting, run_page, showing, trend_page
from .lab.filters import FILTERS
from .lab.live import live_page, start_page
from .lab.run_list import Listed, listed
from .models import PerfAlert, PerfMetric, PerfResult, PerfRun
from .records import environment
from .records.results import State
from .templatetags.perfruns import badge
from .watch.alert_list import AlertAdmin

if TYPE_CHECKING:
    PerfRunModelAdmin = admin.ModelAdmin[PerfRun]
else:
    PerfRunModelAdmin = admin.ModelAdmin

Page = Callable[[QueryDict], HttpResponse | dict[str, Any]]
"""From what is asked for to a file, or to what the template of the same name needs."""

PAGES: Mapping[str, Page] = {
    "compare": compare_page.page,
    "export": exporting.page,
    "live": live_page.page,
    "live_part": live_page.part,
    "trend": trend_page.page,
}

STARTING = ("start", "start_part", "cancel")
"""Pages with a permission of their own, and where it is asked for things to happen."""


MOST_NAMED = 100
"""Runs in an address: no page takes as many, and longer addresses are refused by servers."""


class RunChangeList(ForgivingChangeList):
    """Knows what stands beside the runs of its page, read for all of them at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        found = listed(list(self.result_list))
        for run in self.result_list:
            vars(run)["listed"] = found[run.pk]


@admin.register(PerfRun)
class PerfRunAdmin(PerfRunModelAdmin):
    """Runs can be seen, with the permission to change them pinned, with that to delete deleted."""

    actions = ("compare", "export", "pin", "unpin")
    list_display = ("name", "outcome", "sparks", "measured", "code", "machine", "started")
    list_filter = FILTERS
    list_per_page = 50
    search_fields = ("label", "commit", "results__test")
    search_help_text = gettext_lazy("Search by label, commit or test.")
    date_hierarchy = "started_at"

    class Media:
        css = showing.STYLES

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: PerfRun | None = None) -> bool:
        return False

    def has_pin_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("perftests.change_perfrun")

    def has_start_permission(self, request: HttpRequest) -> bool:
        return may_start() and request.user.has_perm("perftests.start_perfrun")

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("perftests.cancel_perfrun")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        allowed = {"may_start": self.has_start_permission(request)}
        return super().changelist_view(request, {**(extra_context or {}), **allowed})

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(f"{name}/", self.admin_site.admin_view(partial(self._page, name)), name=_url(name))
            for name in PAGES
        ]
        own += [
            path(f"{name}/", self.admin_site.admin_view(getattr(self, f"_{name}")), name=_url(name))
            for name in STARTING
        ]
        return [*own, *super().get_urls()]

    def _start(self, request: HttpRequest) -> HttpResponse:
        if not self.has_start_permission(request):
            raise PermissionDenied
        return self._shown(request, "start", start_page.page(request))

    def _start_part(self, request: HttpRequest) -> HttpResponse:
        if not self.has_start_permission(request):
            raise PermissionDenied
        return self._shown(request, "start_part", start_page.part(request.GET))

    def _cancel(self, request: HttpRequest) -> HttpResponse:
        if not self.has_cancel_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        start_page.cancel(request)
        return HttpResponseRedirect(
            self._path("start" if self.has_start_permission(request) else "changelist")
        )

    def _page(self, name: str, request: HttpRequest) -> HttpResponse:
        """A page about several runs, for whoever may view them; back to the list on a bad one."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            content = PAGES[name](request.GET)
        except PerftestsError as error:
            if name == "live_part":  # the script loads the page anew, which says so
                raise Http404 from error
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(self._path("changelist"))
        return self._shown(request, name, content)

    def _shown(
        self, request: HttpRequest, name: str, content: HttpResponse | dict[str, Any]
    ) -> HttpResponse:
        if isinstance(content, HttpResponse):
            return content
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "may_cancel": self.has_cancel_permission(request),
            "may_view": self.has_view_permission(request),
            **content,
        }
        return TemplateResponse(request, f"admin/perftests/perfrun/{name}.html", context)

    def _path(self, name: str) -> str:
        return reverse(f"admin:{_url(name)}", current_app=self.admin_site.name)

    def _with(self, name: str, runs: QuerySet[PerfRun]) -> HttpResponse:
        """To the page of that name about these runs."""
        numbers = runs.order_by("started_at", "pk").values_list("pk", flat=True)
        query = urlencode([("run", number) for number in numbers[:MOST_NAMED]])
        return HttpResponseRedirect(f"{self._path(name)}?{query}")

    def response_action(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Refuse what the user may not do, instead of saying that no action was selected."""
        allowed = {name for name, _text in self.get_action_choices(request)}
        if not allowed.issuperset(request.POST.getlist("action")):
            raise PermissionDenied
        return super().response_action(request, *args, **kwargs)

    @admin.action(description=gettext_lazy("Compare selected runs"), permissions=["view"])
    def compare(self, request: HttpRequest, runs: QuerySet[PerfRun]) -> HttpResponse:
        return self._with("compare", runs)

    @admin.action(description=gettext_lazy("Export selected runs"), permissions=["view"])
    def export(self, request: HttpRequest, runs: QuerySet[PerfRun]) -> HttpResponse:
        return self._with("export", runs)

    @admin.action(
        description=gettext_lazy("Pin selected runs as baselines, which are kept"),
        permissions=["pin"],
    )
    def pin(self, request: HttpRequest, runs: QuerySet[PerfRun]) -> None:
        self.message_user(request, _("Runs pinned: %d.") % store.pin(runs))

    @admin.action(description=gettext_lazy("Unpin selected runs"), permissions=["pin"])
    def unpin(self, request: HttpRequest, runs: QuerySet[PerfRun]) -> None:
        self.message_user(request, _("Runs unpinned: %d.") % store.pin(runs, pinned=False))

    def get_queryset(self, request: HttpRequest) -> QuerySet[PerfRun]:
        return PerfRun.objects.with_counts()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return RunChangeList

    @admin.display(description=gettext_lazy("run"))
    def name(self, run: PerfRun) -> SafeString:
        return format_html("{} {}", run, badge("pinned") if run.pinned else "")

    @admin.display(description=gettext_lazy("verdict"), ordering="verdict")
    def outcome(self, run: PerfRun) -> SafeString:
        return format_html(
            "{}{} <small>{}</small>", showing.badges(run), self._follow(run), showing.counts(run)
        )

    def _follow(self, run: PerfRun) -> SafeString | str:
        """A link to the live page of a run that goes on."""
        if run.current_state is not State.RUNNING:
            return ""
        return format_html(' <a href="{}?run={}">{}</a>', self._path("live"), run.pk, _("follow"))

    @admin.display(description=gettext_lazy("in runs alike"))
    def sparks(self, run: PerfRun) -> SafeString:
        return showing.sparks(_listed(run).sparks)

    @admin.display(description=gettext_lazy("measured"))
    def measured(self, run: PerfRun) -> SafeString:
        return showing.measured(run, _listed(run).suites)

    @admin.display(description=gettext_lazy("code"), ordering="commit")
    def code(self, run: PerfRun) -> SafeString:
        return showing.code(run)

    @admin.display(description=gettext_lazy("machine"), ordering="environment__cpu")
    def machine(self, run: PerfRun) -> str:
        return environment.machine(run.environment)

    @admin.display(description=gettext_lazy("started"), ordering="started_at")
    def started(self, run: PerfRun) -> SafeString:
        return showing.started(run)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        run = context["original"]
        context.update(
            run_page.context(run), badges=showing.badges(run), ending=showing.ending(run)
        )
        return super().render_change_form(request, context, *args, **kwargs)

    def get_deleted_objects(
        self, objs: Iterable[PerfRun], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Name the runs, and only count what goes with them: thousands of rows help nobody."""
        runs = list(objs)
        counts = {
            _("runs"): len(runs),
            _("results"): PerfResult.objects.filter(run__in=runs).count(),
            _("metrics"): PerfMetric.objects.filter(result__run__in=runs).count(),
        }
        missing = set() if self.has_delete_permission(request) else {_("run")}
        return [str(run) for run in runs], counts, missing, []


admin.site.register(PerfAlert, AlertAdmin)


def _listed(run: PerfRun) -> Listed:
    """What `RunChangeList` has read."""
    return cast(Listed, vars(run)["listed"])


def _url(name: str) -> str:
    return f"perftests_perfrun_{name}"
