"""Settings of a server under load: the project's own, on the databases of the running tests.

`load.server.process.server_environment` computes the variables read here. Three more a test gives
itself, in `ServerProcess(environment=…)`, as JSON: `PERF_NOTIFICATIONS`, entries of
`NOTIFICATIONS`, `PERF_CHANNEL_LAYERS`, entries of `CHANNEL_LAYERS`, and `PERF_DATABASE`, entries
of the default database.
"""

import json
import os
from importlib import import_module
from typing import Any

from django.core.exceptions import ImproperlyConfigured


def _required(name: str) -> str:
    try:
        return os.environ[name]
    except KeyError:
        raise ImproperlyConfigured(
            f"{name} is not set: perftests.load.inside.settings are for servers that ServerProcess "
            "starts. Take the project's own settings for any other."
        ) from None


_project = import_module(os.environ.get("PERF_SETTINGS_MODULE", "notifyproject.settings"))
globals().update({name: getattr(_project, name) for name in dir(_project) if name.isupper()})

DEBUG = False
SECRET_KEY = _required("PERF_SECRET_KEY")

# It is asked by its address.
ALLOWED_HOSTS = [*getattr(_project, "ALLOWED_HOSTS", []), "127.0.0.1"]

_databases: dict[str, dict[str, Any]] = _project.DATABASES
_others: dict[str, str] = json.loads(os.environ.get("PERF_OTHER_DATABASES", "{}"))

# Never the project's own databases: whoever can reach the port may send commands to this server,
# and what it is asked for writes rows.
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **_databases["default"],
        "NAME": _required("PERF_DATABASE_NAME"),
        **json.loads(os.environ.get("PERF_DATABASE", "{}")),
    },
    # Where tests have made none, a database still has the name that the project gives it.
    **{
        alias: {**_databases[alias], "NAME": name}
        for alias, name in _others.items()
        if alias in _databases and name != str(_databases[alias].get("NAME", ""))
    },
}
for _alias, _own in _databases.items():
    if (_mirrored := _own.get("TEST", {}).get("MIRROR")) in DATABASES:
        DATABASES[_alias] = DATABASES[_mirrored]

# A Redis may serve a real site as well, whose users must not get the messages of a test.
_layers: dict[str, dict[str, Any]] = json.loads(os.environ.get("PERF_CHANNEL_LAYERS", "{}"))
CHANNEL_LAYERS: dict[str, dict[str, Any]] = {**getattr(_project, "CHANNEL_LAYERS", {}), **_layers}
for _alias, _layer in CHANNEL_LAYERS.items():
    if "hosts" in _layer.get("CONFIG", {}):
        _prefix = _required("PERF_LAYER_PREFIX")
        if _alias == "default":
            _layer["CONFIG"]["prefix"] = _prefix
        elif _alias not in _layers:  # a test knows what prefix its own have
            _layer["CONFIG"]["prefix"] = f"{_prefix}-{_alias}"

# A test that waits for a time-out gives the server a shorter one than a site has.
NOTIFICATIONS: dict[str, Any] = {
    **getattr(_project, "NOTIFICATIONS", {}),
    **json.loads(os.environ.get("PERF_NOTIFICATIONS", "{}")),
}

# As under every test of Django nobody gets mail, and none of it is kept, as there may be much.
_nowhere = "django.core.mail.backends.dummy.EmailBackend"
if _mailers := getattr(_project, "MAILERS", None):
    MAILERS = {alias: {"BACKEND": _nowhere} for alias in _mailers}
else:
    EMAIL_BACKEND = _nowhere

# Django's own configuration sends errors by mail only when DEBUG is off.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
