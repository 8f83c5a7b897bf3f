"""For how long an id means the same notification."""

from django.db import models

from ..db.clock import Now
from ..db.fields import TimeField


class Epoch(models.Model):
    """One row: until its name changes, an id means the same notification. See `store.epoch`."""

    name = models.CharField(max_length=32)
    since = TimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return self.name
