"""What an announcement says, and whom it reaches."""

import re
from typing import Any, cast

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..exceptions import NotificationError
from ..models import Notification
from ..send import notify
from ..sending.audience import Recipients, resolve
from ..sending.content import validate
from ..store.database import database
from ..store.recipients import number_of

MAX_NAMES = 1000
"""Of one form; for more there are groups."""

EVERYBODY, GROUP, USERS = "everybody", "group", "users"


class AnnouncementForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Valid if it could be sent; `number` is then how many it would reach now."""

    audience = forms.ChoiceField(
        label=_("Audience"),
        choices=[(EVERYBODY, _("everybody")), (GROUP, _("a group")), (USERS, _("users by name"))],
        widget=forms.RadioSelect,
    )
    group = forms.ModelChoiceField(Group.objects.all(), label=_("Group"), required=False)
    users = forms.CharField(
        label=_("Users"),
        widget=AdminTextareaWidget(attrs={"rows": 2}),
        required=False,
        help_text=_("One name on each line."),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)
    """Whoever sends the same page twice has sent once."""

    number = 0
    required_css_class = "required"

    class Meta:
        model = Notification
        fields = ("title", "body", "level", "category", "url", "expires_at")
        widgets = {
            "title": AdminTextInputWidget,
            "body": AdminTextareaWidget,
            "category": AdminTextInputWidget,
            "url": AdminTextInputWidget,
            "expires_at": forms.DateTimeInput(attrs={"type": "datetime-local"}),
        }

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if self.errors:
            return given
        try:
            validate(Notification(**self._words()))
            given["recipients"] = recipients = self._recipients(given)
            self.number = reached_by(recipients)
        except NotificationError as error:
            self.add_error(None, str(error))
        return given

    def send(self) -> Notification:
        """Send what is valid; the same form again reaches nobody twice."""
        given = self.cleaned_data
        return notify(given["recipients"], **self._words(), key=f"announcement {given['key']}")

    def _words(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.Meta.fields}

    def _recipients(self, given: dict[str, Any]) -> Recipients:
        if given["audience"] == EVERYBODY:
            return get_user_model()._default_manager.all()
        if given["audience"] == USERS:
            return self._named(given["users"])
        if given["group"] is None:
            self.add_error("group", gettext("Choose a group."))
            return []
        return cast(Group, given["group"])

    def _named(self, text: str) -> list[Any]:
        names = {name.strip() for name in re.split(r"[\r\n]+", text) if name.strip()}
        if not 0 < len(names) <= MAX_NAMES:
            problem = gettext("Give 1 to {number} names.").format(number=MAX_NAMES)
            self.add_error("users", problem)
            return []
        model = get_user_model()
        column = model.USERNAME_FIELD
        users = list(model._default_manager.filter(**{f"{column}__in": names}))
        if unknown := names - {user.get_username() for user in users}:
            problem = gettext("There is no user {name!r}.").format(name=min(unknown))
            self.add_error("users", problem)
        return users


def reached_by(recipients: Recipients) -> int:
    """How many `notify` would reach now; raises `InvalidRecipient` as it does."""
    audience = resolve(recipients, using=database(), include_inactive=False)
    return 0 if audience is None else number_of(audience.statement, audience.params)
