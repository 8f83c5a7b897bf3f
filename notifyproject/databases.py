"""`DATABASE_URL` as an entry of `DATABASES`."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

import environ
from django.core.exceptions import ImproperlyConfigured

IN_MEMORY = ":memory:"


def database(url: str, folder: Path) -> dict[str, Any]:
    """The entry for `url`; the path of an SQLite file is relative to `folder`.

    Raises `ImproperlyConfigured` where the name of a file would be cut at a question mark.
    """
    config: dict[str, Any] = environ.Env.db_url_config(url)
    if url.startswith("sqlite:"):
        name = sqlite_path(url)
        # A `Path`, because Django looks into a text for words that mean "in memory".
        config["NAME"] = name if name == IN_MEMORY else folder / name
    return config


def sqlite_path(url: str) -> str:
    """The path in an SQLite URL: everything up to a question mark, percent-decoded.

    django-environ takes a `#` for the end of the path and a `+` for a space, and would open
    another file.
    """
    path, question_mark, query = url.partition("://")[2].partition("?")
    if question_mark and not are_options(query):
        raise ImproperlyConfigured(
            f"DATABASE_URL is {url!r}: what follows the question mark is no option such as "
            "timeout=20. In the name of a file, write %3F for it."
        )
    path = path if path == IN_MEMORY else path.partition("/")[2]
    return unquote(path, errors="surrogateescape") or IN_MEMORY


def are_options(query: str) -> bool:
    """Whether it reads as options: `name=value`, joined by `&`."""
    try:
        return bool(parse_qs(query, strict_parsing=True))
    except ValueError:
        return False
