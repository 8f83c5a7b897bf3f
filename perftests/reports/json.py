"""The report as JSON, for programs; `format_version` tells them what to expect."""

import json
import tempfile
from pathlib import Path

from ..exceptions import UnwritableOutput
from ..measure.results import Report


def require_writable(path: Path) -> None:
    """Raise `UnwritableOutput` if a report could not be written to `path`; leave nothing there."""
    try:
        if path.exists():
            path.open("ab").close()
        else:
            tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise UnwritableOutput(
            f"The report cannot be written to {path}: {error.strerror}."
        ) from None


def write(report: Report, path: Path) -> None:
    """Write the report to `path`; raises `UnwritableOutput` where that fails."""
    try:
        path.write_text(json.dumps(report.as_dict(), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise UnwritableOutput(
            f"The report cannot be written to {path}: {error.strerror}."
        ) from None
