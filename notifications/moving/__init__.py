"""What another app has stored becomes rows of this one."""

from .importing import SOURCES, TABLE, Imported, import_from
from .shim import notify

__all__ = ["SOURCES", "TABLE", "Imported", "import_from", "notify"]
