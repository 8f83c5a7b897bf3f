"""The sockets of this process: each with its credit and what waits for the server to take it."""

from .index import Sockets
from .socket import Socket

__all__ = ["Socket", "Sockets"]
