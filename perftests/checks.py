"""System checks: what `perf` does not need, and so does not look at before it runs."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from .conf import configuration
from .exceptions import InvalidSetting


@register("perftests")
def check_metrics_token(**_: Any) -> list[CheckMessage]:
    """E001: a token that no scraper could send, or that is too easily guessed."""
    try:
        _token = configuration.METRICS_TOKEN
    except InvalidSetting as error:
        return [Error(str(error), id="perftests.E001")]
    return []
