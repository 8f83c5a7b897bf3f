"""What an inbox shows, as a person asks for it in an address or a form."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ..feed.input import MAX_ID
from ..store.own.listing import Filters, Listed, page
from ..store.own.searching import search

LIST, UNREAD, ARCHIVE = "", "unread", "archive"

LEVELS = {
    "info": _("Information"),
    "success": _("Success"),
    "warning": _("Warning"),
    "error": _("Error"),
}

PAGE_SIZE = 25


class FilterForm(forms.Form):
    """What stands behind the path."""

    view = forms.ChoiceField(
        choices=[(name, name) for name in (LIST, UNREAD, ARCHIVE)],
        required=False,
        widget=forms.HiddenInput,
    )
    category = forms.CharField(max_length=50, required=False, widget=forms.HiddenInput)
    q = forms.CharField(
        label=_("Search"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "dir": "auto"}),
    )
    level = forms.ChoiceField(
        label=_("Level"), choices=[("", _("All")), *LEVELS.items()], required=False
    )
    cursor = forms.IntegerField(
        min_value=1, max_value=MAX_ID, required=False, widget=forms.HiddenInput
    )

    @property
    def is_archive(self) -> bool:
        return bool(self.cleaned_data.get("view") == ARCHIVE)

    @property
    def is_narrowed(self) -> bool:
        """Whether it shows less than the whole list from its beginning."""
        return any(self.cleaned_data.get(name) for name in self.fields)

    def read(self, pk: Any) -> tuple[list[Listed], int]:
        """What the user asks for of the own, and the cursor of what follows: 0 after the last."""
        asked = self.cleaned_data
        filters = Filters(
            archived=self.is_archive,
            unread=True if asked["view"] == UNREAD else None,
            categories=[asked["category"]] if asked["category"] else [],
            levels=[asked["level"]] if asked["level"] else [],
        )
        words = asked["q"].split()
        if words:
            return search(pk, filters, words, asked["cursor"], PAGE_SIZE)
        return page(pk, filters, asked["cursor"], PAGE_SIZE)
