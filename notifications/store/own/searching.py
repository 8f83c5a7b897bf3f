"""A user's list by the words in it."""

from collections.abc import Sequence
from typing import Any

from .listing import Filters, Listed, page

SEARCHED = 500
"""Notifications that one search looks through; the page behind it goes on from there."""

TEXTS = ("title", "body", "actor", "target")


def search(
    pk: Any, filters: Filters, words: Sequence[str], before: int | None, size: int
) -> tuple[list[Listed], int]:
    """As `page`, of those that have all words in their texts, in capitals or not.

    Here and not in the database, where only one of the two knows capitals beyond A to Z. There may
    be fewer than `size`, or none, and more behind them. Two queries.
    """
    listed, further = page(pk, filters, before, SEARCHED)
    wanted = [word.casefold() for word in words]
    found = [one for one in listed if _has(one.content, wanted)]
    if len(found) > size:
        return found[:size], found[size - 1].content["id"]
    return found, further


def _has(content: dict[str, Any], words: Sequence[str]) -> bool:
    text = "\n".join(content[name] for name in TEXTS).casefold()
    return all(word in text for word in words)
