from django.test import SimpleTestCase
from hypothesis import given
from hypothesis import strategies as st

from notifications.db.traces import BITS, SHIFTS, Device, Door, in_words, pack, unpack

TRACES = st.tuples(st.sampled_from(Door), st.sampled_from(Device))


class TraceTests(SimpleTestCase):
    @given(st.tuples(TRACES, TRACES, TRACES))
    def test_three_steps_come_out_as_they_were_packed_and_fit_into_a_smallint(self, steps):
        shifts = dict(zip(SHIFTS, steps, strict=True))
        traces = sum(pack(*trace) << SHIFTS[column] for column, trace in shifts.items())
        self.assertLess(traces, 2**15)
        self.assertEqual({column: unpack(traces, column) for column in SHIFTS}, shifts)

    def test_each_step_has_bits_of_its_own(self):
        self.assertEqual(sorted(SHIFTS.values()), [0, BITS, 2 * BITS])

    @given(st.none() | st.text() | st.binary() | st.floats() | st.integers())
    def test_whatever_sql_has_written_is_read_as_something(self, traces):
        for column in SHIFTS:
            door, device = unpack(traces, column)
            self.assertIn(door, Door)
            self.assertIn(device, Device)

    def test_only_what_is_known_is_told_in_words(self):
        self.assertEqual(in_words(None), {})
        self.assertEqual(in_words(pack(Door.CODE) << SHIFTS["read_at"]), {"read_at": ["code"]})
        traces = pack(Door.HTTP, Device.HANDHELD)
        self.assertEqual(in_words(traces), {"delivered_at": ["http", "handheld"]})
