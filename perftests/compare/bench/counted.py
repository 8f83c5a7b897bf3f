"""What a side does for each operation, counted: the same on every machine, and at once.

SQL statements and layer commands of every operation, in the sender and inside the server; the
indexes by which rows are found; frames and bytes of a notification; objects that a connect takes;
objects and bytes that are kept of what is over.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import pairwise

from django.db import connection

from ...load.clients.swarm import Swarm
from ...load.inside import layer_commands
from ...load.inside.queries import StatementCounter
from ...load.server.process import ServerProcess
from ...measure.stats import median
from ...suites.database.lookups import LOOKUPS
from ...suites.database.operations import OPERATIONS, make_stock
from ...suites.database.plans import explain
from ...suites.database.served import ENVIRONMENT, NEWCOMERS, SERVED, Guests
from ...suites.kit.clients import Clients
from ...suites.kit.counted.wire import Wire
from ...suites.kit.rows import gather_statistics
from ...suites.kit.server import ServerUnderLoad
from ...suites.memory.kept import Visits, kept_of_visits
from ...suites.memory.objects import objects_of_connects
from ...users import create_users
from ..counts import Count
from .samples import RECEIVERS

STOCK = 100
GUESTS = 10
VISITORS = 10
STAYING = 5
COMING = 20

PUSHES = 3
"""One in a thousand is shorter: its moment is a whole second, and is written without a fraction."""


def count_all(clients: Clients) -> Iterator[Count]:
    """Everything that is counted; takes some thirty seconds, most of them waiting."""
    yield from count_operations()
    with ServerProcess(clients.server.process.server, environment=ENVIRONMENT) as process:
        server = ServerUnderLoad(process, clients.timeout_seconds)
        with Swarm(server.websocket_url) as swarm:
            yield from count_objects(Clients(server, swarm))
            yield from count_kept(Clients(server, swarm))
            yield from count_served(Clients(server, swarm))
    yield from count_wire(clients)


def count_operations() -> Iterator[Count]:
    """Statements of each public operation, and whole tables that are read for want of an index."""
    stock = make_stock(create_users(1 + STOCK))
    gather_statistics()
    for look in LOOKUPS:
        plan = explain(partial(look.run, stock))
        missing = look.lacking(plan)
        lost = {f"none of the indexes {', '.join(sorted(look.indexes))}": missing}
        yield Count(look.name, "lookups without an index", missing, lost)
    for operation in OPERATIONS:
        counter = StatementCounter()
        with connection.execute_wrapper(counter), layer_commands.counting() as layer:
            operation.run(stock)
        yield _statements(operation.name, counter.statements, counter.origins)
        yield _layer_commands(operation.name, layer.commands, layer.origins)


def count_served(clients: Clients) -> Iterator[Count]:
    """Statements and layer commands of a server for what clients do."""
    guests = Guests(clients, create_users(GUESTS), create_users(NEWCOMERS))
    for operation in SERVED:
        name = f"served: {operation.name}"
        before, _ = guests.control.layer_commands()
        yield _statements(name, guests.statements(operation), guests.control.origins())
        commands, origins = guests.control.layer_commands()
        yield _layer_commands(name, commands - before, origins)


def count_objects(clients: Clients) -> Iterator[Count]:
    """Objects that the server has for a connect, and those it keeps."""
    alive = objects_of_connects(clients, create_users(STAYING), create_users(COMING))
    for operation, objects in (
        ("a connect", alive.while_connected),
        ("a connect that is over", alive.when_over),
    ):
        yield Count(operation, "objects alive", sum(objects.values()), objects)


def count_kept(clients: Clients) -> Iterator[Count]:
    """Bytes that the server keeps of what is over."""
    kept = kept_of_visits(Visits(clients, create_users(VISITORS)))
    yield Count("a connect that is over", "B kept", kept.of_a_connect, tolerance=100)
    yield Count("a message that is over", "B kept", kept.of_a_message, tolerance=50)


def count_wire(clients: Clients) -> Iterator[Count]:
    """Frames and bytes for a notification."""
    users = create_users(RECEIVERS)
    connected = clients.connect(users)
    read = [Wire.read(connected)]
    for _ in range(PUSHES):
        sent = clients.server.control.notify([user.pk for user in users]).ids
        clients.await_arrival([(sent, client) for client in connected])
        read.append(Wire.read(connected))
    pushes = list(pairwise(read))
    frames = median([now.frames - then.frames for then, now in pushes])
    size = median([now.bytes - then.bytes for then, now in pushes])
    yield Count("a push to one", "frames", frames / RECEIVERS)
    yield Count("a push to one", "bytes", size / RECEIVERS)
    clients.drop(connected)


def _statements(operation: str, statements: Counter[str], origins: Mapping[str, str]) -> Count:
    known = {sql: origins[sql] for sql in statements if origins.get(sql)}
    return Count(operation, "statements", statements.total(), statements, known)


def _layer_commands(operation: str, commands: Counter[str], origins: Mapping[str, str]) -> Count:
    known = {name: origins[name] for name in commands if origins.get(name)}
    return Count(operation, "layer commands", commands.total(), commands, known)
