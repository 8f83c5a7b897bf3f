"""Views that begin no transaction before they are called."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import connections, transaction

P = ParamSpec("P")
T = TypeVar("T")


def without_transaction(view: Callable[P, T]) -> Callable[P, T]:
    """A view around which Django makes no transaction, whichever databases have `ATOMIC_REQUESTS`.

    A database that is away would fail it before it can say so, also one that it never asks; and no
    asynchronous view may have such a transaction. What is to be done as a whole has its own.
    """
    for alias in connections:
        view = transaction.non_atomic_requests(alias)(view)
    return view
