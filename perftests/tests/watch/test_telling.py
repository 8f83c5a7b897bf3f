from dataclasses import replace
from unittest import mock

from django.contrib.auth.models import User
from django.test import TestCase, modify_settings, override_settings
from django.urls import clear_url_caches

from notifications.models import Delivery, Notification
from perftests.models import PerfAlert
from perftests.watch.judging import judge
from perftests.watch.subscribers import subscribe
from perftests.watch.telling import address, tell, untold

from .samples import QUICK, SLOW, result_of, watched
from .test_subscribers import make_viewer

OTHER = "suites.Tests.test_other"


class TellingTests(TestCase):
    def setUp(self):
        self.user = make_viewer("ada")
        subscribe(self.user)
        self.said, self.complaints = [], []

    def tell(self):
        return tell(self.said.append, self.complaints.append)

    def judged(self, *results):
        run = watched(*results)
        judge(run)
        return run

    def titles(self):
        return list(Notification.objects.order_by("pk").values_list("title", flat=True))

    def test_a_subscriber_is_told_once_of_a_cause_and_once_when_it_is_over(self):
        bad = self.judged(result_of(SLOW))
        for _ in range(3):
            self.assertTrue(self.tell())
        good = self.judged(result_of(QUICK))
        for _ in range(3):
            self.assertTrue(self.tell())
        sentence = "N1 p99 misses its required target: 120 ms, required < 100 ms"
        self.assertEqual(
            self.titles(), [f"Run {bad.pk}: {sentence}", f"Run {good.pk}: Over: {sentence}"]
        )
        self.assertEqual(Delivery.objects.filter(recipient=self.user).count(), 2)
        self.assertEqual(
            self.said, [f"New: {sentence}", "Told: ada", f"Over: {sentence}", "Told: ada"]
        )

    def test_a_notification_leads_to_the_page_of_the_run(self):
        run = self.judged(result_of(SLOW))
        self.tell()
        told = Notification.objects.get()
        self.assertEqual(told.url, f"/admin/perftests/perfrun/{run.pk}/change/")
        self.assertEqual((told.level, told.category), ("warning", "performance"))
        self.client.force_login(self.user)
        self.assertContains(self.client.get(told.url), "120 ms")

    def test_all_that_one_run_has_found_is_told_together(self):
        self.judged(result_of(SLOW), result_of(SLOW, test=OTHER))
        self.tell()
        [title] = self.titles()
        self.assertTrue(title.endswith("(+1)"))
        self.assertEqual(len(self.said), 3)

    def test_many_causes_with_long_names_are_told_where_a_site_takes_short_notifications(self):
        pointed = "\N{HEBREW LETTER SHIN}\N{HEBREW POINT SHIN DOT}" * 120
        names = [f"{pointed} {number}" for number in range(20)]
        self.judged(result_of(*(replace(SLOW, name=name) for name in names)))
        for most in (1024, 8192):
            PerfAlert.objects.update(told=False)
            Notification.objects.all().delete()
            with self.subTest(most), override_settings(NOTIFICATIONS={"MAX_PAYLOAD_BYTES": most}):
                self.assertTrue(self.tell(), self.complaints)
                self.assertTrue(self.titles()[0].endswith("(+19)"))

    def test_a_cause_that_is_over_before_anybody_was_told_is_told_as_both(self):
        self.judged(result_of(SLOW))
        self.judged(result_of(QUICK))
        self.tell()
        self.assertEqual(["Over" in title for title in self.titles()], [False, True])

    def test_news_that_could_not_be_told_is_complained_of_and_tried_again(self):
        self.judged(result_of(SLOW))
        with mock.patch("notifications.send.notify", side_effect=RuntimeError("no way")):
            self.assertFalse(self.tell())
        self.assertIn("which is tried again: no way", self.complaints[0])
        self.assertEqual((self.titles(), self.said), ([], []))
        self.assertTrue(untold())
        self.assertTrue(self.tell())
        self.assertEqual(len(self.titles()), 1)
        self.assertFalse(untold())

    def test_one_run_that_cannot_be_told_keeps_no_other_from_being_told(self):
        self.judged(result_of(SLOW))
        self.judged(result_of(SLOW, test=OTHER))
        from notifications.send import notify

        calls = [RuntimeError("no way"), mock.DEFAULT]
        with mock.patch("notifications.send.notify", wraps=notify, side_effect=calls):
            self.assertFalse(self.tell())
        self.assertEqual(len(self.titles()), 1)

    def test_a_process_that_died_after_it_sent_and_before_it_noted_so_tells_nobody_twice(self):
        self.judged(result_of(SLOW))
        self.tell()
        PerfAlert.objects.update(told=False)  # as if it stood in another database
        self.assertTrue(self.tell())
        self.assertEqual((len(self.titles()), Delivery.objects.count()), (1, 1))

    def test_a_notification_goes_back_where_it_cannot_be_noted(self):
        from notifications.send import notify

        def send_and_die(*arguments, **options):
            notify(*arguments, **options)
            raise KeyboardInterrupt

        self.judged(result_of(SLOW))
        with (
            mock.patch("notifications.send.notify", send_and_die),
            self.assertRaises(KeyboardInterrupt),
        ):
            self.tell()
        self.assertEqual(self.titles(), [])
        self.assertTrue(self.tell())
        self.assertEqual(len(self.titles()), 1)

    def test_where_nobody_subscribes_the_console_alone_is_told_once(self):
        User.objects.update(is_active=False)
        self.judged(result_of(SLOW))
        self.tell()
        self.tell()
        self.assertEqual(self.titles(), [])
        self.assertEqual(len(self.said), 2)
        self.assertIn("Nobody subscribes to alerts", self.said[1])

    @modify_settings(INSTALLED_APPS={"remove": "notifications"})
    def test_without_the_app_for_it_the_console_alone_is_told(self):
        self.judged(result_of(SLOW))
        self.assertTrue(self.tell())
        self.assertIn("New: N1 p99 misses", self.said[0])
        self.assertIn("notifications is not installed here", self.said[1])
        self.assertFalse(untold())

    @override_settings(ROOT_URLCONF=__name__)
    def test_a_site_without_an_admin_is_told_without_a_link(self):
        clear_url_caches()
        self.addCleanup(clear_url_caches)
        self.assertEqual(address(1), "")
        self.judged(result_of(SLOW))
        self.assertTrue(self.tell())
        self.assertEqual(Notification.objects.get().url, "")


urlpatterns = []
