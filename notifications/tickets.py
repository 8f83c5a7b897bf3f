"""The public way to a ticket; what it is and who reads it is in `access.tickets`."""

from .access.tickets import make_ticket

__all__ = ["make_ticket"]
