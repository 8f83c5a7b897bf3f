"""The delivery engine next to a bare server and to what projects do without it, in one run."""

from functools import partial

from perftests.load.rivals import BACKENDS
from perftests.measure.stats import median
from perftests.testcases import row

from .ack_frames import AckFrames
from .contenders import Floor, Ours, Rival, Users
from .contest import PAIRS, measure_medians, take_turns
from .engine import GOAL_SOCKETS, MESSAGES_PER_SECOND, PUSHES, EngineTestCase
from .entrances import Entrances

GROWTH_MESSAGES = 50
"""For each socket of the first level, in each round: fewer than may be unacknowledged."""

ACKED_PER_SECOND = 12
"""Notifications for each socket."""

ACK = "ack of 10 ids ÷ bare frame"
DIFFERENT = "different messages, stock core ÷ ours"

MORE_PAIRS = 15

SHORT_PAIRS = 25
"""Many pairs of one push each: what disturbs one of them does not count in the median."""

PUSH_ASKED = {"daphne": "<= 1.5"}


class EngineTests(EngineTestCase):
    @row("E1")
    def test_a_broadcast_costs_little_more_than_a_bare_push(self) -> None:
        """Broadcast: the push alone, beside a bare ASGI application"""
        count = self.scaled(smoke=120, standard=1000, extended=1000)
        floor, ours = Floor(self, count), Ours(self, self.create_users(count))
        with self.swarm.watch() as watch:
            costs = take_turns(
                self,
                SHORT_PAIRS,
                bare=partial(floor.broadcast, 1, MESSAGES_PER_SECOND),
                ours=partial(ours.broadcast, 1, MESSAGES_PER_SECOND),
            )
        bare, doubt = costs["bare"], watch.doubt
        asked = PUSH_ASKED.get(self.server_name, "") if count >= GOAL_SOCKETS else ""
        measure_medians(self, "push", costs)
        self.compare(
            "push, ours ÷ bare", bare, costs["ours"], sockets=count, asked=asked, doubt=doubt
        )
        self.measure_accounting(ours.expected)
        self.note_the_way()

    @row("E1")
    def test_the_stock_pattern_costs_many_times_more(self) -> None:
        """Broadcast: the consumer of the Channels tutorial on the stock layers, beside ours"""
        self.require_redis()
        count = self.scaled(smoke=60, standard=1000, extended=1000)
        users = self.create_users(count)
        ours = Ours(self, users)
        for layer in BACKENDS:
            with self.swarm.watch() as watch:
                stock = Rival(self, self.rival_server(), layer, users)
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
                f"{name} ÷ ours", costs["ours"], costs["stock"], sockets=count, doubt=watch.doubt
            )
            self.measure(f"{name}, reach", stock.reach, "%", better="higher")
        self.measure_accounting(ours.expected)
        self.note(
            "This process sends, save that the layer in memory reaches its own process alone: "
            "there the server sends, and that is a part of its cost."
        )

    @row("E2")
    def test_acks_that_are_stored_do_not_double_the_cost(self) -> None:
        """Steady notifications with clients that acknowledge, beside bare pushes as frequent"""
        count, seconds = self.scaled(smoke=(60, 0.1), standard=(1000, 1), extended=(1000, 1))
        users = self.create_users(count)
        floor, ours = Floor(self, count), Ours(self, users, ack=True, ack_delay_seconds=seconds)
        pushes = round(ACKED_PER_SECOND * seconds)
        with self.swarm.watch() as watch:
            costs = take_turns(
                self,
                bare=partial(floor.broadcast, pushes, ACKED_PER_SECOND),
                ours=partial(ours.broadcast_with_acks, pushes, ACKED_PER_SECOND),
            )
        measure_medians(self, "push with acks", costs)
        name = "push with acks, ours ÷ bare"
        self.compare(name, costs["bare"], costs["ours"], sockets=count, doubt=watch.doubt)
        self.measure_accounting(ours.expected)
        self.note(
            f"{ACKED_PER_SECOND} notifications a second for each socket, acknowledged after "
            f"{seconds:g} s; a round ends when all acks are stored."
        )

    @row("E3")
    def test_different_messages_cost_a_fraction_of_the_stock_layer(self) -> None:
        """A message of the own for every user, through Redis: the stock core layer beside ours"""
        self.require_redis()
        count = self.scaled(smoke=60, standard=1000, extended=1000)
        users = self.create_users(count)
        ours, core = Ours(self, users), Rival(self, self.rival_server(), "core", users)
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
            self.compare(name, costs[way], costs["stock"], sockets=count, doubt=watch.doubt)
        self.measure("different messages, reach of stock core", core.reach, "%", better="higher")
        self.measure_accounting(ours.expected)
        core.leave()
        self.note(
            "This process sends for both. The stock layer is sent one message after the other, as "
            "fast as it takes them. Ours are stored in one transaction, or each in one of its own: "
            "then a client that sleeps is woken for each message, on the server's account."
        )

    @row("E5")
    def test_connecting_in_a_storm_costs_little_more_than_a_bare_accept(self) -> None:
        """A storm of connects, by ticket and by session cookie, beside bare accepts"""
        count = self.scaled(smoke=50, standard=1000, extended=1000)
        ways = Entrances(self, self.create_users(count))
        costs = take_turns(self, bare=ways.bare, ticket=ways.by_ticket, session=ways.by_session)
        measure_medians(self, "connect", costs)
        for way in ("ticket", "session"):
            name = f"connect by {way} ÷ bare accept"
            self.compare(name, costs["bare"], costs[way], sockets=count)
        self.measure("connects that failed", ways.failed, "connects", asked="== 0")
        self.note("A connect ends with the hello and an empty queue.")

    @row("E6")
    def test_an_ack_costs_little_more_than_a_frame_that_is_ignored(self) -> None:
        """An ack of 10 notifications, beside the same frame received and ignored"""
        count = self.scaled(smoke=120, standard=1000, extended=1000)
        frames = AckFrames(self, self.create_users(count))
        frames.acknowledged()  # the bare frames repeat what has been acknowledged before
        costs = take_turns(self, MORE_PAIRS, bare=frames.ignored, ours=frames.acknowledged)
        for title, part in ((ACK, "loop"), (f"{ACK}, with the UPDATE", "process")):
            spent = {who: [getattr(c, part) for c in each] for who, each in costs.items()}
            measure_medians(self, title, spent)
            self.compare(title, spent["bare"], spent["ours"], sockets=count)
        self.measure_accounting(frames.ours.expected)
        self.note(
            "The handling of a frame is what the thread of the event loop spends on it. The UPDATE "
            "that stores the acks of many frames runs in the thread of the database."
        )

    @row("E11")
    def test_a_message_costs_the_same_however_many_are_connected(self) -> None:
        """Broadcasts to sockets in growing number"""
        levels = self.scaled(smoke=(20, 100), standard=(100, 1000), extended=(100, 1000, 5000))
        users = self.create_users(levels[-1])
        messages = GROWTH_MESSAGES * levels[0]
        costs = [self._cost_per_message(users[:level], messages) for level in levels]
        ours = "<= 1.2" if levels[-1] >= GOAL_SOCKETS else ""
        growth = costs[-1] / costs[0]
        self.measure("cost per message, last ÷ first", growth, "×", better="lower", ours=ours)

    def _cost_per_message(self, users: Users, messages: int) -> float:
        """The median of several rounds with `messages` in each, however many users there are."""
        count = len(users)
        self.progress(f"pushing to {count} sockets")
        ours = Ours(self, users)
        pushes = max(PUSHES, messages // count)
        costs = [ours.broadcast(pushes, MESSAGES_PER_SECOND / count) for _ in range(PAIRS + 1)]
        cost = median(costs[1:])
        self.measure(f"cost per message, {count} sockets", cost, "µs", better="lower")
        self.measure_accounting(ours.expected, f"{count} sockets: ")
        for client in ours.sockets:
            self.swarm.call(client.drop)
        self.wait_until_server_is_empty()
        return cost
