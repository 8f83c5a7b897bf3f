"""The project's own pages: what a newcomer looks at first."""

from django import forms
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from notifications.exceptions import NotificationError
from notifications.models import Delivery, Notification
from notifications.send import notify

LISTED = 50


class UserRequest(HttpRequest):
    """A request of somebody who is signed in."""

    user: User


class SendForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """What users may send to themselves."""

    class Meta:
        model = Notification
        fields = ["title", "body", "level"]
        widgets = {"body": forms.Textarea(attrs={"rows": 2})}


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Visitors learn what this is; users see their notifications arrive."""
    if not request.user.is_authenticated:
        return render(request, "welcome.html")
    return _home(request, request.user, SendForm(initial={"title": "Hello"}))


@login_required
@require_safe
def notification_list(request: UserRequest) -> HttpResponse:
    """The list alone, for a page that has been away."""
    return render(request, "notification_list.html", {"deliveries": _newest(request.user)})


@login_required
@require_POST
def send_test(request: UserRequest) -> HttpResponse:
    """Notify the user who asks for it."""
    form = SendForm(request.POST)
    if form.is_valid():
        try:
            notify(request.user, **form.cleaned_data)
        except NotificationError as error:
            form.add_error(None, str(error))
        else:
            return redirect("home")
    return _home(request, request.user, form, status=422)


def _home(request: HttpRequest, user: User, form: SendForm, status: int = 200) -> HttpResponse:
    context = {
        "deliveries": _newest(user),
        "unread": Delivery.objects.filter(recipient=user).unread().count(),
        "form": form,
    }
    return render(request, "home.html", context, status=status)


def _newest(user: User) -> list[Delivery]:
    inbox = Delivery.objects.filter(recipient=user).inbox()
    newest = inbox.select_related("notification")[:LISTED]
    return [delivery for delivery in newest if not delivery.notification.unreadable]
