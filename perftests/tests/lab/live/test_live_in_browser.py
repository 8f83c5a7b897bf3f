from django.test import tag
from django.urls import reverse

from notifications.tests.browser import needs_browser, violations, wait_until
from perftests.models import PerfRun
from perftests.records.results import State

from ...admin_pages import PAGE
from .live_site import LIMIT_SECONDS, LiveSiteTestCase

LIVE = "admin:perftests_perfrun_live"
HALFWAY = "perftests.tests.live_samples.Halfway"

OFFLINE = (
    "404 (Not Found)",
    "ERR_CONNECTION_REFUSED",
    "ERR_EMPTY_RESPONSE",
    "ERR_CONNECTION_RESET",
)
"""What the console says of a site that is away for a moment, and of the icon that it lacks."""


@tag("slow")
@needs_browser
class LiveInBrowserTests(LiveSiteTestCase):
    def test_a_run_is_followed_to_its_end_through_a_restart_of_the_server(self):
        self.perf(HALFWAY, "--scale", "smoke")
        wait_until_there = PerfRun.objects.running().exists
        page = self.open("admin:perftests_perfrun_changelist")
        wait_until(page, wait_until_there, "the run", LIMIT_SECONDS)
        page.goto(f"{self.server.http_url}{reverse(LIVE)}")
        self.until(page, "S15 2 after")
        self.until(page, "S14")
        wait_until(page, page.locator(".perf-charts polyline").count, "charts", LIMIT_SECONDS)
        self.assertEqual(violations(page, ".perf-run"), [])

        self.server.stop()
        self.until(page, "The site does not answer")
        self.server.start()
        wait_until(page, page.locator("[data-away]").is_hidden, "the site again", LIMIT_SECONDS)

        (self.marks / "go").touch()
        run = PerfRun.objects.get()
        page.wait_for_url(f"**{reverse(PAGE, args=[run.pk])}", timeout=1000 * LIMIT_SECONDS)
        self.until(page, "2 of 2 tests passed")
        self.assertEqual(PerfRun.objects.get().state, State.FINISHED)
        unexpected = [text for text in self.complaints if not any(o in text for o in OFFLINE)]
        self.assertEqual(unexpected, [])
