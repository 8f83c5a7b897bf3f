"""All faults, by name, in the order of the modules."""

from . import database, memory, network, notification, websocket
from .planting import Fault

FAULTS = {
    found.name: found
    for module in (notification, websocket, memory, database, network)
    for found in vars(module).values()
    if isinstance(found, Fault)
}
