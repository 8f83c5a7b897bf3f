import os
from unittest import mock

from django.test import tag
from django.urls import reverse
from django.utils import timezone

from notifications.tests.browser import needs_browser, violations, wait_until
from perftests import store
from perftests.models import PerfRun, PerfWish, WishState
from perftests.records.results import State
from perftests.wishes import starting

from ...admin_pages import PAGE
from ...fresh_project import listened_on
from ...waiting import wait_for_file
from ...waiting import wait_until as wait_until_true
from .live_site import LIMIT_SECONDS, LiveSiteTestCase

LIVE = "admin:perftests_perfrun_live"
START = "admin:perftests_perfrun_start"
BUSY = "perftests.tests.live_samples.Busy"
HALFWAY = "perftests.tests.live_samples.Halfway"

ICON = "404 (Not Found)"
"""What the console says of the icon that the admin lacks."""

OFFLINE = (ICON, "ERR_CONNECTION_REFUSED", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET")
"""And what it says of a site that is away for a moment."""


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

    def test_a_run_whose_carrier_is_killed_is_interrupted_and_leaves_nothing(self):
        with mock.patch.dict(os.environ, self.variables):
            starting.start([BUSY, "--scale", "smoke"], "ada")
        wait_for_file(self.marks / "connected", LIMIT_SECONDS)
        [carrier] = [p for p in self.processes() if p.cmdline()[-1] == "perftests.wishes"]
        carrier.kill()
        wait_until_true(lambda: not self.processes(), LIMIT_SECONDS, "the end of all processes")
        self.assertEqual(list(self.temporary.iterdir()), [])
        run = PerfRun.objects.get()
        self.assertEqual((run.state, store.told(run).ending), (State.ABORTED, "SIGINT"))

    def test_a_button_is_clicked_though_the_queue_is_renewed_while_it_is_pressed(self):
        wish = PerfWish.objects.create(arguments=["N7"], asked_by="ada", heard_at=timezone.now())
        page = self.open(START)
        renewals = []
        page.on("requestfinished", lambda request: renewals.append(request.url))
        page.get_by_role("button", name="Cancel").hover()
        page.mouse.down()
        wait_until(page, lambda: len(renewals) > 2, "the queue again", LIMIT_SECONDS)
        page.mouse.up()
        self.until(page, "The run is cancelled")
        wish.refresh_from_db()
        self.assertEqual(wish.state, WishState.CANCELLED)

    def test_a_run_that_is_started_and_cancelled_leaves_nothing_and_the_site_answers_meanwhile(
        self,
    ):
        page = self.open(START)
        page.get_by_label("Rows and labels").fill(BUSY)
        self.assertEqual(violations(page, ".perf-run"), [])
        page.get_by_role("button", name="Start", exact=True).click()
        self.until(page, "The run is queued")
        wait_until(page, (self.marks / "connected").exists, "the server of the run", LIMIT_SECONDS)
        self.assertEqual(violations(page, ".perf-run"), [])

        page.locator("[data-part] li a").click()
        self.until(page, "of 1 tests")
        # What is measured is drawn while it is measured.
        for figure in ("messages", "latency, median"):
            line = page.locator(".perf-charts figure").filter(has_text=figure)
            wait_until(page, line.locator("polyline[points]").count, figure, LIMIT_SECONDS)
        port = int((self.marks / "connected").read_text())
        self.assertTrue(listened_on(port))
        page.get_by_role("button", name="Cancel").click()
        self.until(page, "cancelled")

        wait_until(page, lambda: not self.processes(), "the end of all processes", LIMIT_SECONDS)
        self.assertFalse(listened_on(port))
        self.assertEqual(list(self.temporary.iterdir()), [])
        self.assertEqual(self.stored_databases(), self.databases_before)
        self.assertEqual(PerfRun.objects.get().state, State.ABORTED)
        self.assertEqual(PerfWish.objects.get().state, WishState.CANCELLED)
        page.goto(f"{self.server.http_url}{reverse(PAGE, args=[PerfRun.objects.get().pk])}")
        self.until(page, "It was interrupted by SIGINT.")
        self.assertEqual([text for text in self.complaints if ICON not in text], [])
