"""Stored runs as files: every format of the reports, one run as it is, several in an archive."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.http import HttpResponse, QueryDict
from django.utils.translation import gettext as _

from .. import store
from ..exceptions import PerftestsError
from ..models import PerfRun
from . import chosen

MOST_RUNS = 50
"""In one archive: a page of the list, which takes a second or two."""

ENDINGS = {
    "json": "json",
    "html": "html",
    "markdown": "md",
    "junit": "xml",
    "openmetrics": "prom",
}
"""Of the names of the files; all other formats are JSON of a kind that the name tells."""


def page(asked: QueryDict) -> HttpResponse | dict[str, Any]:
    """The files of these runs, or without a format what a template needs to offer them.

    Raises `PerftestsError` for runs that are not stored, and for an unknown format.
    """
    # Only who exports pays for the libraries of the formats.
    from ..reports.exports.formats import FORMATS

    runs = chosen.runs(asked, fewest=1, most=MOST_RUNS)
    if not (kind := asked.get("format", "")):
        return {"title": _("Export"), "runs": runs, "formats": list(FORMATS), "most": MOST_RUNS}
    if kind not in FORMATS:
        known = ", ".join(FORMATS)
        raise PerftestsError(_("Choose one of these formats: %(known)s.") % {"known": known})
    files = [(_file_name(run, kind), FORMATS[kind](store.load(run))) for run in runs]
    name, content = _archive(files) if len(files) > 1 else (files[0][0], files[0][1].encode())
    # Never shown by the browser as a page of this site: what it holds came from elsewhere.
    return HttpResponse(
        content,
        content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _file_name(run: PerfRun, kind: str) -> str:
    return f"run-{run.pk}.{ENDINGS.get(kind, f'{kind}.json')}"


def _archive(files: Sequence[tuple[str, str]]) -> tuple[str, bytes]:
    written = BytesIO()
    with ZipFile(written, "w", ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return "runs.zip", written.getvalue()
