"""Which database the rows are in."""

from django.db import router

from ..models import Delivery


def database() -> str:
    """The database of the rows. Reads go there too: a replica may lag behind the acks."""
    return router.db_for_write(Delivery)
