from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .announcing.views import announce
from .db.changelists import ForgivingChangeList
from .models import Delivery, Notification
from .models.delivery import in_state
from .send import recall
from .states import State
from .story.steps import story_of

STATES = {
    "queued": _("queued"),
    "delivered": _("delivered"),
    "unread": _("unread"),
    "seen": _("seen"),
    "read": _("read"),
    "archived": _("archived"),
    "dropped": _("dropped"),
    "expired": _("expired"),
    "unreadable": _("unreadable"),
}
"""What `Delivery.state` can be, and what is filtered by, in words."""


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """What was sent cannot be changed."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ForgivingChangeList

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_fields(request, obj)
        return fields if obj is None or obj.unreadable else [f for f in fields if f != "problem"]

    @admin.display(description=_("problem"), empty_value="")
    def problem(self, row: Any) -> str:
        """What SQL from elsewhere has written and Python cannot hold: such a row is not sent."""
        if not row.unreadable:
            return ""
        return gettext("cannot be read: {fields}").format(fields=", ".join(row.unreadable))


def _number(deliveries: QuerySet[Delivery]) -> Coalesce:
    """How many of one notification, as a subquery."""
    counted = deliveries.values("notification").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ["title", "level", "category", "created_at", "recipients", "queued", "problem"]
    list_filter = ["level", "category", "created_at"]
    search_fields = ["title", "body", "key"]
    date_hierarchy = "created_at"
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        # Counted for the page's rows alone, by the indexes of Delivery.
        deliveries = Delivery.objects.order_by().filter(notification=OuterRef("pk"))
        queryset: QuerySet[Any] = super().get_queryset(request)
        counted_rows: QuerySet[Any] = queryset.annotate(
            recipient_count=_number(deliveries),
            queued_count=_number(deliveries.queued()),
        )
        return counted_rows

    readonly_fields = ["created_at", "edited_at", "progress", "problem"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Who may add one may announce something."""
        return admin.ModelAdmin.has_add_permission(self, request)

    def add_view(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
        """An announcement instead of a row."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "title": gettext("Announcement"),
            "may_list": self.has_view_permission(request),
        }

        def sent(notification: Notification, number: int) -> HttpResponse:
            self.log_addition(request, notification, [{"added": {}}])
            text = gettext("Sent to users: {number}").format(number=number)
            self.message_user(request, text)
            return self.response_post_save_add(request, notification)

        return announce(request, context, sent)

    @admin.display(description=_("progress"))
    def progress(self, notification: Notification) -> str:
        """How far it has come with those whom it was sent to."""
        steps: tuple[State, ...] = ("delivered", "seen", "read")
        mine = Delivery.objects.filter(notification=notification).order_by()
        reached = {step: Count("pk", filter=in_state(step)) for step in steps}
        numbers = mine.aggregate(recipients=Count("pk"), **reached)
        text = gettext("{recipients} recipients: {delivered} delivered, {seen} seen, {read} read")
        return text.format(**numbers)

    actions = ["recall"]

    @admin.action(permissions=["delete"], description=_("Recall selected notifications"))
    def recall(self, request: HttpRequest, chosen: QuerySet[Notification]) -> None:
        """Take them back from everybody who has them."""
        taken = sum(map(recall, chosen.values_list("pk", flat=True)))
        self.message_user(request, gettext("Recalled: {number}").format(number=taken))

    @admin.display(description=_("recipients"), ordering="recipient_count")
    def recipients(self, notification: Any) -> int:
        return int(notification.recipient_count)

    @admin.display(description=_("queued"), ordering="queued_count")
    def queued(self, notification: Any) -> int:
        return int(notification.queued_count)


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"
    states: tuple[State, ...] = ("queued", "delivered", "unread", "expired", "dropped")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(state, STATES[state]) for state in self.states]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        state = self.value()
        return queryset.in_state(state) if state in self.states else queryset


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ["notification", "recipient", "state", "delivered_at", "read_at"]
    readonly_fields = ["state", "story", "problem"]

    @admin.display(description=_("story"))
    def story(self, delivery: Delivery) -> str:
        """What became of it."""
        try:
            steps = story_of(delivery.notification, delivery.recipient_id)
        except ObjectDoesNotExist:  # SQL from elsewhere has deleted it
            return ""
        return format_html_join("", "<div>{}</div>", ((str(step),) for step in steps))

    list_filter = [StateFilter]
    list_select_related = ["notification", "recipient"]
    raw_id_fields = ["notification", "recipient"]
    show_full_result_count = False

    @admin.display(description=_("state"))
    def state(self, delivery: Delivery) -> Any:
        return STATES[delivery.state]

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        username = get_user_model().USERNAME_FIELD
        return ["notification__title", f"recipient__{username}"]
