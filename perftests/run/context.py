"""The environment of a run: the machine's, and what Django adds to it."""

import hashlib
import json
from importlib import import_module
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection

import notifications

from ..conf import Server
from ..records import environment

# What changes how fast the same code runs. The rest, such as paths and keys, differs from
# machine to machine or is secret.
DIGESTED_SETTINGS = (
    "AUTHENTICATION_BACKENDS",
    "DEBUG",
    "INSTALLED_APPS",
    "MIDDLEWARE",
    "NOTIFICATIONS",
    "SESSION_ENGINE",
)
DIGESTED_DATABASE_SETTINGS = ("ENGINE", "OPTIONS", "CONN_MAX_AGE", "ATOMIC_REQUESTS")
DIGEST_LENGTH = 12


def describe(server: Server) -> dict[str, Any]:
    """What a run under `server` runs on, as plain data; it asks the database for its version."""
    return {
        **environment.describe(measured()),
        "database": {
            "vendor": connection.vendor,
            "version": ".".join(map(str, connection.get_database_version())),
        },
        "channel_layer": layers().get("default", "none"),
        "server": server,
        "settings_digest": settings_digest(),
    }


def measured() -> Path:
    """The folder of the package that a run is about: the settings', where the lab is alone."""
    if apps.is_installed("notifications"):
        return Path(notifications.__path__[0])
    return Path(str(import_module(settings.SETTINGS_MODULE).__file__)).parent


def settings_digest() -> str:
    """A short digest of the settings that matter for speed: equal digests compare like with like.

    Nothing can be read from it, and no setting that may hold a secret goes in.
    """
    chosen: dict[str, Any] = {name: getattr(settings, name, None) for name in DIGESTED_SETTINGS}
    chosen["database"] = {
        name: connection.settings_dict.get(name) for name in DIGESTED_DATABASE_SETTINGS
    }
    chosen["layers"] = layers()
    text = json.dumps(chosen, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]


def layers() -> dict[str, str]:
    """The class of each channel layer; a project need not have any."""
    configured = getattr(settings, "CHANNEL_LAYERS", {})
    return {name: layer["BACKEND"] for name, layer in configured.items()}
