"""The site of the documents: `nox -s docs`. The pages stay as they are read in the repository."""

import re

from sphinx.application import Sphinx

project = "django-durable-notifications"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "Durable notifications"
root_doc = "README"
myst_heading_anchors = 4
# An ellipsis stands for code of the reader's own.
suppress_warnings = ["misc.highlighting_failure"]

ROOMS = {
    "Start": "start",
    "How-to": "how-to",
    "Explanation": "explanation",
    "Reference": "reference",
}
OUTSIDE = re.compile(r"\[([^\]]*)\]\((?:(?:\.\./)+\w+\.md(?:#[^)]*)?|\w+\.json)\)")
"""Links to files that are no pages of the site, such as the README of the repository."""


def _read(app: Sphinx, name: str, source: list[str]) -> None:
    """Add the table of contents to the first page, and leave the words of links that lead out."""
    source[0] = OUTSIDE.sub(r"\1", source[0])
    if name == root_doc:
        source[0] += "".join(_contents(title, room) for title, room in ROOMS.items())


def _contents(title: str, room: str) -> str:
    return f"\n```{{toctree}}\n:hidden:\n:glob:\n:caption: {title}\n\n{room}/*\n```\n"


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _read)
