"""What goes wrong in production alone: `manage.py check --deploy`."""

import os
from pathlib import Path
from typing import Any

from channels.layers import InMemoryChannelLayer, channel_layers
from django.conf import settings
from django.core.checks import CheckMessage, register
from django.core.checks import Warning as CheckWarning
from django.db import connections

from ..conf import get_settings
from ..store.database import database
from .settings import unknown_settings

MOUNTS = Path("/proc/self/mounts")

NETWORK_KINDS = ("nfs", "cifs", "smb", "fuse.sshfs", "9p", "ceph", "glusterfs", "lustre", "afs")
"""Beginnings of the kinds of file systems that other machines write to as well."""

PROXY_SECONDS = 180
"""The time-out of the proxy in docs/how-to/scale.md."""


@register("notifications", deploy=True)
def check_one_process(**_: Any) -> list[CheckMessage]:
    """W003: a layer in memory, where there are several processes or are likely to be."""
    if not _is_in_memory():
        return []
    workers = os.environ.get("WEB_CONCURRENCY", "")
    if workers.isdecimal() and int(workers) > 1:
        reason = f"WEB_CONCURRENCY is {workers}"
    elif connections[database()].vendor == "postgresql":
        reason = "the database is PostgreSQL, which is for several processes"
    else:
        return []
    return [
        CheckWarning(
            f"The channel layer is in the memory of one process, and {reason}.",
            hint="What one process sends reaches the sockets of another seconds later, by the "
            'sweep. Use "notifications.layers.RedisChannelLayer"; see docs/how-to/scale.md. With '
            "one process, silence it: SILENCED_SYSTEM_CHECKS.",
            id="notifications.W003",
        )
    ]


def _is_in_memory() -> bool:
    if "default" not in getattr(settings, "CHANNEL_LAYERS", {}):
        # Ours is used, of which a site that has no server for sockets needs nothing.
        return bool(getattr(settings, "ASGI_APPLICATION", None))
    try:
        return isinstance(channel_layers.make_backend("default"), InMemoryChannelLayer)
    except Exception:  # E008 says so
        return False


@register("notifications", deploy=True)
def check_local_disk(**_: Any) -> list[CheckMessage]:
    """W004: the locks and the shared memory of SQLite are those of one machine."""
    connection = connections[database()]
    if connection.vendor != "sqlite":
        return []
    folder = Path(str(connection.settings_dict["NAME"])).absolute().parent
    kind = _kind_of_file_system(folder)
    if not kind.startswith(NETWORK_KINDS):
        return []
    return [
        CheckWarning(
            f"The SQLite database is in {folder}, which is on a network ({kind}).",
            hint="Locks do not hold there, and files break. Put it on a local disk, or use "
            "PostgreSQL; see docs/how-to/scale.md.",
            id="notifications.W004",
        )
    ]


def _kind_of_file_system(folder: Path) -> str:
    """By Linux, which alone says so; else an empty text."""
    try:
        lines = MOUNTS.read_text().splitlines()
    except OSError:
        return ""
    mounts = [line.split() for line in lines]
    over = [(mount[1], mount[2]) for mount in mounts if folder.is_relative_to(mount[1])]
    return max(over, key=lambda mount: len(mount[0]), default=("", ""))[1]


@register("notifications", deploy=True)
def check_hosts(**_: Any) -> list[CheckMessage]:
    """W005: with any host allowed, a page of any name that leads here may open a socket."""
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    return [
        CheckWarning(
            "ALLOWED_HOSTS has '*', so whatever host a request names counts as this site.",
            hint="Sockets are opened with the cookies of that host, and only their Origin tells "
            "your pages from others. Name the hosts of the site.",
            id="notifications.W005",
        )
    ]


@register("notifications", deploy=True)
def check_heartbeat(**_: Any) -> list[CheckMessage]:
    """W006: a proxy that is less patient than the server closes sockets that are well."""
    if unknown_settings(getattr(settings, "NOTIFICATIONS", {})):
        return []
    seconds = get_settings().HEARTBEAT_TIMEOUT_SECONDS
    if not isinstance(seconds, int | float) or seconds < PROXY_SECONDS:
        return []
    return [
        CheckWarning(
            f"NOTIFICATIONS['HEARTBEAT_TIMEOUT_SECONDS'] is {seconds:g}, and the proxy of the "
            f"documents waits for {PROXY_SECONDS} seconds.",
            hint="Let proxy_read_timeout be longer than it, as in docs/how-to/scale.md, and "
            "silence this check; or lower it.",
            id="notifications.W006",
        )
    ]
