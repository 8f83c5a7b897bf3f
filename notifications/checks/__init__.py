"""System checks, run when the project starts: each message has an id and a hint."""

from . import (  # noqa: F401 - registered by import
    databases,
    deployment,
    installation,
    layers,
    origins,
    settings,
    stored,
    users,
)
