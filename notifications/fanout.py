"""The public way to close a user's sockets; how all hubs hear of it is in `sending.fanout`."""

from .sending.fanout import signed_out

__all__ = ["signed_out"]
