from django.conf import settings
from django.test import SimpleTestCase

from perftests.load.network.shaping import LinkProfile
from perftests.suites.network.shaped import SLACK_MS, link_doubt

NARROW = LinkProfile("narrow", round_trip_ms=100, jitter_ms=20, down_kbit=800)
"""1,000 bytes take it 50 + 10 + 10 ms."""


class LinkDoubtTests(SimpleTestCase):
    def test_a_link_as_fast_as_its_profile_is_trusted(self):
        self.assertEqual(link_doubt(70 + SLACK_MS - 0.1, NARROW, 1000), "")

    def test_a_link_slower_than_its_profile_is_doubted(self):
        doubt = link_doubt(70 + SLACK_MS + 1, NARROW, 1000)
        self.assertEqual(doubt, "the link took 96 ms, where its profile says 70 ms")

    def test_the_limit_that_makes_a_link_doubted_is_the_documented_one(self):
        text = (settings.BASE_DIR / "docs" / "explanation" / "measuring.md").read_text()
        self.assertIn(f"the bare messages alone take {SLACK_MS} ms longer", " ".join(text.split()))
