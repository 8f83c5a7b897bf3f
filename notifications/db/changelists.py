"""Lists of the admin that are asked for what no database can answer."""

from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db import DataError, OperationalError
from django.http import HttpRequest


class ForgivingChangeList(ChangeList):
    """Sends back to the whole list whoever asks for what the database refuses.

    That is NUL where it is PostgreSQL, more words than SQLite can look for at once, or half a
    pattern; or what ends beyond the last date there is. Django has checked all else.
    """

    def get_filters(self, request: HttpRequest) -> Any:
        try:
            return super().get_filters(request)
        except (ValueError, OverflowError) as error:
            raise IncorrectLookupParameters(error) from error

    def get_results(self, request: HttpRequest) -> None:
        try:
            super().get_results(request)
        except (DataError, OperationalError) as error:
            if not self.params:  # then it is not the question that is wrong
                raise
            raise IncorrectLookupParameters(error) from error
