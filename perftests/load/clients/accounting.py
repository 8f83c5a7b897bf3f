"""Delivery accounting: what clients should have got against what they got. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol


class Receiver(Protocol):
    """What accounting needs of a client.

    `arrived_ids` are the ids in the order of their first arrival, `duplicates` the arrivals of
    an id that had arrived before.
    """

    @property
    def arrived_ids(self) -> Sequence[int]: ...

    @property
    def duplicates(self) -> int: ...

    @property
    def out_of_order(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Accounting:
    """Deliveries over all clients.

    `expected`, `received` and `missing` count deliveries, `unexpected` those that the client
    should never have got, `duplicated` and `out_of_order` are as the clients counted them,
    `clients_short` is the number of clients that miss something.
    """

    clients: int
    clients_short: int
    expected: int
    received: int
    missing: int
    unexpected: int
    duplicated: int
    out_of_order: int

    @property
    def reach(self) -> float:
        """Received in percent of expected; 100 when nothing was expected."""
        return 100.0 * self.received / self.expected if self.expected else 100.0


def account(receivers: Iterable[tuple[Collection[int], Receiver]]) -> Accounting:
    """Add up pairs of the ids that a client should have got and the client."""
    clients = short = expected = received = unexpected = duplicated = out_of_order = 0
    for wanted, receiver in receivers:
        wanted, arrived = set(wanted), set(receiver.arrived_ids)
        clients += 1
        short += not wanted <= arrived
        expected += len(wanted)
        received += len(wanted & arrived)
        unexpected += len(arrived - wanted)
        duplicated += receiver.duplicates
        out_of_order += receiver.out_of_order
    return Accounting(
        clients=clients,
        clients_short=short,
        expected=expected,
        received=received,
        missing=expected - received,
        unexpected=unexpected,
        duplicated=duplicated,
        out_of_order=out_of_order,
    )
