"""A report that was written elsewhere, before it is stored here."""

from datetime import datetime
from pathlib import Path

from ..exceptions import UnreadableReport
from ..records.results import Report
from . import json
from .console import environment_table


def read_whole(path: Path) -> Report:
    """The report in a JSON file, with all that is shown of a run.

    Raises `UnreadableReport` where there is none, or where a part is missing or of another kind.
    """
    report = json.read(path)
    try:
        if datetime.fromisoformat(report.started_at).tzinfo is None:
            raise ValueError("started_at has no time zone")
        environment_table(report)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise UnreadableReport(f"{path} is not whole: {type(error).__name__}: {error}.") from None
    return report
