"""Erasing and exporting by staff, in the admin of a project's users."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.db import InterfaceError, OperationalError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..exceptions import InvalidRecipient
from ..models import Notification
from .download import download
from .erasing import count_of, erase_user
from .exporting import export_user

MAX_AT_ONCE = 100
"""Users that are erased by one request, each of whom takes a look at all notifications."""

PAGE = "admin/durable_notifications/erase_confirmation.html"


class UserPrivacyActions(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """For the admin of your users: "Export notifications" and "Erase notifications".

    Each needs its own permission, `durable_notifications.export_notifications` or
    `durable_notifications.erase_notifications`. Put it before the class that you have.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        if self.actions is not None:
            self.actions = [*self.actions, "export_notifications", "erase_notifications"]

    def has_export_notifications_permission(self, request: HttpRequest) -> bool:
        return _may(request, "export_notifications")

    def has_erase_notifications_permission(self, request: HttpRequest) -> bool:
        return _may(request, "erase_notifications")

    @admin.action(permissions=["export_notifications"], description=_("Export notifications"))
    def export_notifications(
        self, request: HttpRequest, chosen: QuerySet[Any]
    ) -> HttpResponseBase | None:
        """What is stored about one user, as a file of JSON lines."""
        with self._refusals(request):
            users = list(chosen[:2])
            if len(users) != 1:
                # One file of several people would be handed to one of them.
                raise InvalidRecipient(gettext("Choose one user: an export is for one person."))
            lines = export_user(users[0])
            self.log_change(request, users[0], gettext("Exported notifications."))
            return download(request, f"notifications-{users[0].pk}.jsonl", lines)
        return None

    @admin.action(permissions=["erase_notifications"], description=_("Erase notifications"))
    def erase_notifications(
        self, request: HttpRequest, chosen: QuerySet[Any]
    ) -> HttpResponseBase | None:
        """Say what would go, and erase it when that is confirmed."""
        with self._refusals(request):
            users = list(chosen[: MAX_AT_ONCE + 1])
            if len(users) > MAX_AT_ONCE:
                text = gettext("Choose at most {number} users.")
                raise InvalidRecipient(text.format(number=MAX_AT_ONCE))
            if "confirmed" not in request.POST:
                return self._ask(request, users)
            for user in users:
                self._erase(request, user)
        return None

    def _ask(self, request: HttpRequest, users: list[Any]) -> HttpResponseBase:
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "title": gettext("Erase notifications"),
            "users": users,
            "goes": count_of(users),
            "checkbox": helpers.ACTION_CHECKBOX_NAME,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, PAGE, context)

    def _erase(self, request: HttpRequest, user: Any) -> None:
        erased = erase_user(user)
        words = gettext(
            "Erased: {deliveries} deliveries and {notifications} notifications that nobody else "
            "had; {mentions} of others name this user no more."
        ).format(**asdict(erased))
        self.log_change(request, user, words)
        self.message_user(request, f"{words} ({user})", messages.SUCCESS)

    @contextmanager
    def _refusals(self, request: HttpRequest) -> Iterator[None]:
        """What is refused stands above the list of users."""
        try:
            yield
        except InvalidRecipient as error:
            self.message_user(request, str(error), messages.ERROR)
        except (OperationalError, InterfaceError) as error:
            text = gettext("The database did not do it: {reason}")
            reason = " ".join(str(error).split())
            self.message_user(request, text.format(reason=reason), messages.ERROR)


def _may(request: HttpRequest, what: str) -> bool:
    return bool(request.user.has_perm(f"{Notification._meta.app_label}.{what}"))
