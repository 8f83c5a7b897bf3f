"""The hub: who is connected to this process, and how what is theirs reaches them."""

from .hub import Hub
from .registry import get_hub
from .sockets import Socket

__all__ = ["Hub", "Socket", "get_hub"]
