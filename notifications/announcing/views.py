"""The page of the admin where staff write an announcement."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext

from ..models import Notification
from .forms import AnnouncementForm

TEMPLATE = "admin/durable_notifications/notification/announce.html"


def announce(
    request: HttpRequest,
    context: dict[str, Any],
    sent: Callable[[Notification, int], HttpResponse],
) -> HttpResponse:
    """Write, look at it, send: the answer to that is what `sent` returns.

    It is told the notification and whom it was said to reach.
    """
    form = AnnouncementForm(request.POST or None, initial={"key": uuid4()})
    looks = form.is_valid() and "change" not in request.POST
    if looks and "send" in request.POST:
        notification = form.send()
        if not notification.is_expired:
            return sent(notification, form.number)
        form.add_error(None, gettext("This was sent before, and recalled. Write it on a new page."))
        looks = False
    return TemplateResponse(request, TEMPLATE, {**context, "form": form, "looks": looks})
