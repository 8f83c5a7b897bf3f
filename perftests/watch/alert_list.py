"""The alerts in the admin: to be read, by whoever may view runs, and to be subscribed to."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications.db.changelists import ForgivingChangeList

from ..lab import showing
from ..models import PerfAlert
from ..reports.console import local
from ..templatetags.perfruns import badge
from . import words
from .judging import cause_of
from .subscribers import can_be_told, is_subscribed, may_view_runs, subscribe, unsubscribe
from .telling import address

if TYPE_CHECKING:
    AlertModelAdmin = admin.ModelAdmin[PerfAlert]
else:
    AlertModelAdmin = admin.ModelAdmin

SUBSCRIPTION = "perftests_perfalert_subscription"


class StateFilter(admin.SimpleListFilter):
    """Open, or over."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", _("open")), ("over", _("over"))]

    def queryset(self, request: HttpRequest, alerts: QuerySet[PerfAlert]) -> QuerySet[PerfAlert]:
        match self.value():
            case "open":
                return alerts.filter(closed_by=None)
            case "over":
                return alerts.exclude(closed_by=None)
            case _:
                return alerts


class AlertAdmin(AlertModelAdmin):
    """Open ones first. One that is deleted is forgotten: it is told again if it is found again."""

    list_display = ("state", "said", "found", "over")
    list_display_links = None
    list_filter = (StateFilter,)
    list_per_page = 50
    ordering = (F("closed_by").asc(nulls_first=True), "-pk")
    fields = readonly_fields = ("state", "said", "place", "found", "over")

    class Media:
        css = showing.STYLES

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: PerfAlert | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: PerfAlert | None = None) -> bool:
        return may_view_runs(request.user)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.subscription)
        return [path("subscription/", view, name=SUBSCRIPTION), *super().get_urls()]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ForgivingChangeList

    def subscription(self, request: HttpRequest) -> HttpResponse:
        """Subscribe who asks for it, or end that; only for oneself."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.POST.get("wanted") == "yes":
            subscribe(request.user)
            self.message_user(request, _("You will be told of alerts."), messages.SUCCESS)
        else:
            unsubscribe(request.user)
            self.message_user(request, _("You will not be told of alerts any more."))
        name = "admin:perftests_perfalert_changelist"
        return HttpResponseRedirect(reverse(name, current_app=self.admin_site.name))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"can_be_told": can_be_told(), "subscribed": is_subscribed(request.user)}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    @admin.display(description=gettext_lazy("state"))
    def state(self, alert: PerfAlert) -> SafeString:
        return badge("open" if alert.closed_by is None else "over")

    @admin.display(description=gettext_lazy("what"))
    def said(self, alert: PerfAlert) -> str:
        return words.sentence(cause_of(alert))

    @admin.display(description=gettext_lazy("where"))
    def place(self, alert: PerfAlert) -> str:
        key = cause_of(alert).key
        return ", ".join(filter(None, [key.place, key.workload]))

    @admin.display(description=gettext_lazy("found by"), ordering="opened_by")
    def found(self, alert: PerfAlert) -> SafeString:
        return self._run(alert.opened_by, alert.opened_at)

    @admin.display(description=gettext_lazy("over with"), ordering="closed_by")
    def over(self, alert: PerfAlert) -> SafeString | str:
        return self._run(alert.closed_by, alert.closed_at) if alert.closed_by else ""

    def _run(self, number: int, when: Any) -> SafeString:
        """A link to the run, and when that was."""
        name = _("Run {number}").format(number=number)
        day = date_format(local(when), "SHORT_DATETIME_FORMAT")
        url = address(number, self.admin_site.name)
        return format_html('<a href="{}">{}</a> <small>{}</small>', url, name, day)
