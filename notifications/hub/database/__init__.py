"""The hub's database thread: one connection, queries in order, nothing that waits for ever."""

from .worker import DatabaseWorker

__all__ = ["DatabaseWorker"]
