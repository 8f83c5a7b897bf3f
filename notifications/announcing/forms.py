"""What an announcement says, and whom it reaches."""

import re
from collections.abc import Collection
from datetime import datetime
from hashlib import sha256
from typing import Any, cast

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..db.batches import ask_together
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
    """Whoever sends the same page twice has sent once; with other words it is another one."""

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

    def clean_expires_at(self) -> datetime | None:
        """Nobody would see it any more, and staff would be told that it was sent."""
        expires: datetime | None = self.cleaned_data["expires_at"]
        if expires is not None and expires <= timezone.now():
            raise ValidationError(gettext("This time is past."))
        return expires

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
        words = self._words()
        digest = sha256(repr(sorted(words.items())).encode()).hexdigest()
        key = f"announcement {self.cleaned_data['key']} {digest}"
        return notify(self.cleaned_data["recipients"], **words, key=key)

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
        users = _users_of(names)
        if unknown := names - users.keys():
            problem = gettext("There is no user {name!r}.").format(name=min(unknown))
            self.add_error("users", problem)
        return [user for same in users.values() for user in same]


def _users_of(names: Collection[str]) -> dict[str, list[Any]]:
    """By those names that are somebody's; a name may be a number, and no text may be one."""
    model = get_user_model()

    def find(some: list[str]) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for user in model._default_manager.filter(**{f"{model.USERNAME_FIELD}__in": some}):
            found.setdefault(str(user.get_username()), []).append(user)
        return found

    answers = ask_together(find, list(names))
    return {name: users for name, users in answers.items() if isinstance(users, list)}


def reached_by(recipients: Recipients) -> int:
    """How many `notify` would reach now; raises `InvalidRecipient` as it does."""
    audience = resolve(recipients, using=database(), include_inactive=False)
    return 0 if audience is None else number_of(audience.statement, audience.params)
