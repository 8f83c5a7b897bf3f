"""All faults, by name, in the order of the modules."""

from . import database, memory, network, notification, queues, statements, websocket
from .planting import Fault

FAULTS = {
    found.name: found
    for module in (notification, queues, websocket, memory, statements, database, network)
    for found in vars(module).values()
    if isinstance(found, Fault)
}
