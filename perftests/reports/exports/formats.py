"""Which formats a report can be written in, and which of them a file is meant to be."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...exceptions import PerftestsError
from ...records.results import Report
from .. import files, json
from . import benchmarks, junit, markdown, openmetrics, page

FORMATS: dict[str, Callable[[Report], str]] = {
    "json": json.text,
    "html": page.render,
    "markdown": markdown.render,
    "junit": junit.render,
    "openmetrics": openmetrics.render,
    "bencher": benchmarks.bencher,
    "smaller-is-better": benchmarks.smaller_is_better,
    "bigger-is-better": benchmarks.bigger_is_better,
}

ENDINGS = {
    ".json": "json",
    ".html": "html",
    ".md": "markdown",
    ".xml": "junit",
    ".prom": "openmetrics",
}


@dataclass(frozen=True, slots=True)
class Destination:
    """A file and the format that it gets."""

    kind: str
    path: Path

    @classmethod
    def parse(cls, text: str) -> "Destination":
        """Read `report.html` or `bencher:report.json`; raises `PerftestsError` for what is none."""
        kind, colon, file = text.partition(":")
        if colon and kind in FORMATS and file:
            return cls(kind, Path(file))
        if colon and "/" not in kind:
            raise PerftestsError(
                f"--report {text!r} has no known kind; there are {', '.join(FORMATS)}. "
                f"Write a file of that name as ./{text}."
            )
        path = Path(text)
        if found := ENDINGS.get(path.suffix.lower()):
            return cls(found, path)
        raise PerftestsError(
            f"--report {text!r} is of no known format: its name ends in {', '.join(ENDINGS)}, or "
            f"write KIND:FILE with one of {', '.join(FORMATS)}."
        )

    def write(self, report: Report) -> None:
        """Write the report there; raises `UnwritableOutput` where that fails."""
        files.write(FORMATS[self.kind](report).encode(), self.path)
