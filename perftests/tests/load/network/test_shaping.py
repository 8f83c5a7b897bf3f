import random

from django.conf import settings
from django.test import SimpleTestCase
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from perftests.load.network.shaping import (
    MINIMUM_TIMEOUT_SECONDS,
    PROFILES,
    SEGMENT_BYTES,
    UNSHAPED,
    Lane,
    LinkProfile,
)

KBIT = st.floats(1, 1e6)
PROFILE = st.builds(
    LinkProfile,
    st.just("any"),
    round_trip_ms=st.floats(0, 2000),
    jitter_ms=st.floats(0, 500),
    loss_percent=st.floats(0, 60),
)
WRITES = st.lists(st.tuples(st.floats(0, 1), st.integers(1, 5_000)), min_size=1, max_size=10)
"""The pause before each write, in seconds, and its bytes."""


def send_all(lane, writes):
    """The segments of writes: when its write was, when each arrives, and its size."""
    now, segments = 0.0, []
    for pause, size in writes:
        now += pause
        segments += [(now, arrival, part) for arrival, part in lane.send(size, now)]
    return segments


# Slow machines take their time, and are right all the same.
many = hypothesis_settings(deadline=None, max_examples=50)


class LaneTests(SimpleTestCase):
    @many
    @given(PROFILE, KBIT, WRITES, st.randoms(use_true_random=False))
    def test_a_lane_loses_no_bytes_and_keeps_their_order(self, profile, kbit, writes, chance):
        segments = send_all(Lane(profile, kbit, chance), writes)
        self.assertEqual(sum(part for _, _, part in segments), sum(size for _, size in writes))
        self.assertLessEqual(max(part for _, _, part in segments), SEGMENT_BYTES)
        arrivals = [arrival for _, arrival, _ in segments]
        self.assertEqual(arrivals, sorted(arrivals))

    @many
    @given(PROFILE, KBIT, WRITES, st.randoms(use_true_random=False))
    def test_a_lane_is_never_faster_than_its_delay_and_rate_allow(
        self, profile, kbit, writes, chance
    ):
        segments = send_all(Lane(profile, kbit, chance), writes)
        for first, (now, _, _) in enumerate(segments):
            size = 0
            for _, arrival, part in segments[first:]:
                size += part
                least = profile.round_trip_seconds / 2 + size * 8 / (1000 * kbit)
                self.assertGreaterEqual(arrival - now, least - 1e-9)

    @many
    @given(PROFILE, WRITES, st.randoms(use_true_random=False))
    def test_the_end_of_a_connection_comes_after_all_that_was_sent(self, profile, writes, chance):
        lane = Lane(profile, 1000, chance)
        segments = send_all(lane, writes)
        now = segments[-1][0]
        self.assertGreaterEqual(lane.end(now), segments[-1][1])

    def test_an_unshaped_link_takes_no_time(self):
        lane = Lane(UNSHAPED, UNSHAPED.down_kbit, random.Random())
        self.assertEqual(lane.send(100, 5.0), [(5.0, 100)])

    def test_segments_that_are_sent_at_once_leave_a_lane_one_after_the_other(self):
        profile = LinkProfile("narrow", round_trip_ms=100)
        lane = Lane(profile, 8, random.Random())  # a byte each millisecond
        arrivals = [lane.send(100, 1.0)[0][0] for _ in range(3)]
        for arrival, expected in zip(arrivals, (1.15, 1.25, 1.35), strict=True):
            self.assertAlmostEqual(arrival, expected)

    def test_jitter_of_a_lane_never_exceeds_that_of_its_profile(self):
        lane = Lane(LinkProfile("shaky", jitter_ms=40), 1e9, random.Random(1))
        late = [lane.send(1, now)[0][0] - now for now in range(1000)]
        self.assertLess(max(late), 0.0401)
        self.assertAlmostEqual(sum(late) / len(late), 0.02, delta=0.002)

    def test_a_lost_segment_is_a_time_out_late_and_holds_up_those_behind_it(self):
        profile = LinkProfile("lossy", round_trip_ms=100, loss_percent=50)
        lost_then_not = Chances(0.4, 0.9, 0.9)
        lane = Lane(profile, 1e9, lost_then_not)
        timeout = 0.1 + MINIMUM_TIMEOUT_SECONDS
        [(first, _)], [(second, _)] = lane.send(1, 0.0), lane.send(1, 0.01)
        self.assertAlmostEqual(first, 0.05 + timeout, places=6)
        self.assertEqual(second, first)

    def test_the_time_out_doubles_when_the_repetition_of_a_segment_is_lost_too(self):
        profile = LinkProfile("lossy", round_trip_ms=100, loss_percent=50)
        lane = Lane(profile, 1e9, Chances(0.4, 0.4, 0.9))
        [(arrival, _)] = lane.send(1, 0.0)
        self.assertAlmostEqual(arrival, 0.05 + 3 * (0.1 + MINIMUM_TIMEOUT_SECONDS), places=6)

    def test_segments_are_lost_as_often_as_the_profile_says(self):
        profile = LinkProfile("lossy", loss_percent=10)
        lane = Lane(profile, 1e9, random.Random(1))
        seconds = 10 * MINIMUM_TIMEOUT_SECONDS
        late = [lane.send(1, n * seconds)[0][0] - n * seconds > 0.1 for n in range(5000)]
        self.assertAlmostEqual(sum(late) / len(late), 0.10, delta=0.02)


class Chances(random.Random):
    """Says what it is told to, and never jitters."""

    def __init__(self, *answers):
        super().__init__()
        self.answers = list(answers)

    def random(self):
        return self.answers.pop(0)

    def uniform(self, low, high):
        return low


class LinkProfileTests(SimpleTestCase):
    def test_each_link_profile_is_in_the_documents(self):
        text = (settings.BASE_DIR / "docs" / "explanation" / "measuring.md").read_text()
        documented = text[text.index("| profile |") :].split("\n\n")[0].splitlines()[2:]
        real = [
            f"| {p.name} | {p.round_trip_ms:g} ms | {p.jitter_ms:g} ms "
            f"| {p.down_kbit / 1000:g} Mbit/s | {p.up_kbit / 1000:g} Mbit/s "
            f"| {p.loss_percent:g} % |"
            for p in PROFILES
        ]
        self.assertEqual(documented, real, "Put the second into docs/explanation/measuring.md.")

    def test_the_typical_time_of_a_profile_is_the_median_of_its_lane(self):
        for profile in PROFILES:
            with self.subTest(profile.name):
                lane = Lane(profile, profile.down_kbit, random.Random(1))
                ways = sorted(lane.send(1000, now)[0][0] - now for now in range(0, 20_000, 10))
                typical = profile.typical_down_seconds(1000)
                self.assertAlmostEqual(ways[len(ways) // 2], typical, delta=0.1 * typical)
