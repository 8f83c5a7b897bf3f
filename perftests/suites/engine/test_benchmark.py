"""The delivery engine next to a bare server and to what projects do without it, in one run."""

from functools import partial

from perftests.conf import Server
from perftests.load.inside.rivals import BACKENDS
from perftests.measure.stats import median
from perftests.testcases import row
from perftests.workloads import workload

from ..kit.arrivals import measure_accounting
from ..kit.contenders import Floor, Ours, Users
from ..kit.contest import PAIRS, measure_medians, take_turns
from ..kit.pushing import PUSH_GOALS, compare_pushes
from .ack_frames import AckFrames
from .case import GOAL_SOCKETS, MESSAGES_PER_SECOND, PUSHES, EngineTestCase
from .entrances import Entrances
from .rival import Rival
from .workloads import Acks, Connects, Frames, Push, Rivals, Sizes

GROWTH_MESSAGES = 50
"""For each socket of the first level, in each round: fewer than may be unacknowledged."""

ACKED_PER_SECOND = 12
"""Notifications for each socket."""

ACK = "ack of 10 ids ÷ bare frame"
DIFFERENT = "different messages, stock core ÷ ours"

MORE_PAIRS = 15

PUSH_REQUIRED: dict[Server, str] = {"daphne": "<= 1.5"}


class EngineTests(EngineTestCase):
    @row("E1")
    @workload(Push)
    def test_a_broadcast_costs_little_more_than_a_bare_push(self, load: Push) -> None:
        """Broadcast: the push alone, beside a bare ASGI application"""
        count = load.sockets
        floor = Floor(self.clients, count)
        ours = Ours(self.clients, self.create_users(count))
        required, goal = self.limit(PUSH_REQUIRED, count), self.limit(PUSH_GOALS, count)
        costs = compare_pushes(self, self.clients, floor, ours, required, goal)
        costs.measure(self, required=required, goal=goal)
        measure_accounting(self, ours.expected)
        self.note_the_way()

    @row("E1")
    @workload(Rivals)
    def test_a_broadcast_on_stock_layers_costs_many_times_more(self, load: Rivals) -> None:
        """Broadcast: the consumer of the Channels tutorial on the stock layers, beside ours"""
        self.require_redis()
        count = load.users
        users = self.create_users(count)
        ours = Ours(self.clients, users)
        for layer in BACKENDS:
            with self.swarm.watch() as watch:
                stock = Rival(self.rival_clients(), layer, users)
                costs = take_turns(
                    self,
                    MORE_PAIRS,
                    ours=partial(ours.broadcast, 1, MESSAGES_PER_SECOND / count),
                    stock=stock.broadcast,
                )
                stock.leave()
            name = f"broadcast, stock {layer}"
            measure_medians(self, name, costs)
            self.compare(
                f"{name} ÷ ours",
                costs["ours"],
                costs["stock"],
                sockets=count,
                doubt=watch.saturation,
            )
            self.measure(f"{name}, reach", stock.reach, "%", better="higher")
        measure_accounting(self, ours.expected)
        self.note(
            "This process sends, save that the layer in memory reaches its own process alone: "
            "there the server sends, and that is a part of its cost."
        )

    @row("E2")
    @workload(Acks)
    def test_acks_that_are_stored_do_not_double_the_cost_of_a_push(self, load: Acks) -> None:
        """Steady notifications with clients that acknowledge, beside bare pushes as frequent"""
        count, seconds = load.users, load.seconds
        users = self.create_users(count)
        floor, ours = (
            Floor(self.clients, count),
            Ours(self.clients, users, ack=True, ack_delay_seconds=seconds),
        )
        pushes = round(ACKED_PER_SECOND * seconds)
        with self.swarm.watch() as watch:
            costs = take_turns(
                self,
                bare=partial(floor.broadcast, pushes, ACKED_PER_SECOND),
                ours=partial(ours.broadcast_with_acks, pushes, ACKED_PER_SECOND),
            )
        measure_medians(self, "push with acks", costs)
        name = "push with acks, ours ÷ bare"
        self.compare(name, costs["bare"], costs["ours"], sockets=count, doubt=watch.saturation)
        measure_accounting(self, ours.expected)
        self.note(
            f"{ACKED_PER_SECOND} notifications a second for each socket, acknowledged after "
            f"{seconds:g} s; a round ends when all acks are stored."
        )

    @row("E3")
    @workload(Rivals)
    def test_different_messages_cost_a_fraction_of_the_stock_layer(self, load: Rivals) -> None:
        """A message of the own for every user, through Redis: the stock core layer beside ours"""
        self.require_redis()
        count = load.users
        users = self.create_users(count)
        ours, core = Ours(self.clients, users), Rival(self.rival_clients(), "core", users)
        with self.swarm.watch() as watch:
            costs = take_turns(
                self,
                MORE_PAIRS,
                together=ours.send_to_each_together,
                one_by_one=ours.send_to_each,
                stock=core.send_to_each,
            )
        measure_medians(self, "different messages", costs)
        for way, name in (("together", DIFFERENT), ("one_by_one", f"{DIFFERENT}, one by one")):
            self.compare(name, costs[way], costs["stock"], sockets=count, doubt=watch.saturation)
        self.measure("different messages, reach of stock core", core.reach, "%", better="higher")
        measure_accounting(self, ours.expected)
        core.leave()
        self.note(
            "This process sends for both. The stock layer is sent one message after the other, as "
            "fast as it takes them. Ours are stored in one transaction, or each in one of its own: "
            "then a client that sleeps is woken for each message, on the server's account."
        )

    @row("E5")
    @workload(Connects)
    def test_connecting_in_a_storm_costs_little_more_than_a_bare_accept(
        self, load: Connects
    ) -> None:
        """A storm of connects, by ticket and by session cookie, beside bare accepts"""
        count = load.users
        ways = Entrances(self.server, self.create_users(count))
        costs = take_turns(self, bare=ways.bare, ticket=ways.by_ticket, session=ways.by_session)
        measure_medians(self, "connect", costs)
        for way in ("ticket", "session"):
            name = f"connect by {way} ÷ bare accept"
            self.compare(name, costs["bare"], costs[way], sockets=count)
        self.measure("connects that failed", ways.failed, "connects", required="== 0")
        self.note("A connect ends with the hello and an empty queue.")

    @row("E6")
    @workload(Frames)
    def test_an_ack_costs_little_more_than_a_frame_that_is_ignored(self, load: Frames) -> None:
        """An ack of 10 notifications, beside the same frame received and ignored"""
        count = load.users
        frames = AckFrames(self.clients, self.create_users(count))
        frames.acknowledged()  # the bare frames repeat what has been acknowledged before
        costs = take_turns(self, MORE_PAIRS, bare=frames.ignored, ours=frames.acknowledged)
        for title, part in ((ACK, "loop"), (f"{ACK}, with the UPDATE", "process")):
            spent = {who: [getattr(c, part) for c in each] for who, each in costs.items()}
            measure_medians(self, title, spent)
            self.compare(title, spent["bare"], spent["ours"], sockets=count)
        measure_accounting(self, frames.ours.expected)
        self.note(
            "The handling of a frame is what the thread of the event loop spends on it. The UPDATE "
            "that stores the acks of many frames runs in the thread of the database."
        )

    @row("E11")
    @workload(Sizes)
    def test_a_message_costs_the_same_however_many_are_connected(self, load: Sizes) -> None:
        """Broadcasts to sockets in growing number"""
        levels = load.sockets
        users = self.create_users(levels[-1])
        messages = GROWTH_MESSAGES * levels[0]
        costs = [self._cost_per_message(users[:level], messages) for level in levels]
        goal = "<= 1.2" if levels[-1] >= GOAL_SOCKETS else ""
        growth = costs[-1] / costs[0]
        self.measure("cost per message, last ÷ first", growth, "×", better="lower", goal=goal)

    def _cost_per_message(self, users: Users, messages: int) -> float:
        """The median of several rounds with `messages` in each, however many users there are."""
        count = len(users)
        self.progress(f"pushing to {count} sockets")
        ours = Ours(self.clients, users)
        pushes = max(PUSHES, messages // count)
        costs = [ours.broadcast(pushes, MESSAGES_PER_SECOND / count) for _ in range(PAIRS + 1)]
        cost = median(costs[1:])
        self.measure(f"cost per message, {count} sockets", cost, "µs", better="lower")
        measure_accounting(self, ours.expected, f"{count} sockets: ")
        self.clients.cut(ours.sockets)
        return cost
