"""Views and consumers under load: this project behind a real server, asked as visitors would."""

from ..clients.client import Listener
from ..clients.swarm import Swarm
from .answers import Answers
from .site import Site

__all__ = ["Answers", "Listener", "Site", "Swarm"]
