import time
from unittest import mock

from asgiref.sync import sync_to_async
from django.test import SimpleTestCase, TestCase
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from notifications.background.counters import Counters, Histogram
from notifications.health import metrics
from notifications.hub.delivery import acks
from notifications.hub.sockets import Sockets
from notifications.send import anotify
from notifications.wire.protocol import CloseCode

from ..hubs import HubTestCase, quick

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
SCRAPE_SECONDS = 15


def scraped():
    """Every sample by its name, and where it has labels by these as well."""
    text, _ = metrics.exposition(OPENMETRICS)
    found = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            labels = ",".join(sample.labels.values())
            found[f"{sample.name} {labels}".strip()] = sample.value
    return found


def fresh_counters(case):
    """Counters of a test's own, wherever something is counted."""
    counted = Counters()
    for module in (
        *("notifications.consumers", "notifications.hub.sockets.outbox"),
        *("notifications.hub.sweep", "notifications.hub.delivery.acks"),
        *("notifications.sending.fanout", "notifications.health.metrics"),
    ):
        case.enterContext(mock.patch(f"{module}.counters", counted))
    return counted


@quick(METRICS_TOKEN="a-token-of-16-characters")
class HubMetricsTests(HubTestCase):
    def setUp(self):
        super().setUp()
        self.counted = fresh_counters(self)

    async def test_sockets_users_and_acks_are_those_of_the_hub(self):
        async with self.connected(self.ada), self.connected(self.ada) as page:
            sent = await anotify([self.ada, self.bob], "one")
            await page.until_arrived([sent.pk])
            page.ack()
            await self.until_queued(self.ada, [])
            await page.until(lambda: sum(self.counted.ack_lag.counts), "the age of the ack")
            found = await self.async_scraped()
        self.assertEqual(found["notifications_sockets"], 2)
        self.assertEqual(found["notifications_users"], 1)
        self.assertEqual(found["notifications_queued"], 1)
        self.assertEqual(found["notifications_acks_total"], 1)
        self.assertEqual(found["notifications_ack_lag_seconds_count"], 1)
        self.assertEqual((await self.async_scraped())["notifications_closes_total 1001"], 2)

    async def async_scraped(self):
        return await sync_to_async(scraped)()

    async def test_a_close_by_the_server_is_counted_once_by_its_code(self):
        async with self.connected() as page:
            self.assertEqual(page.close_code, 403)  # refused before it was open
        async with self.connected(self.ada) as page:
            for _ in range(5):
                page.send("no frame")
            await page.until_closed(CloseCode.BAD_FRAMES)
        self.assertEqual(self.counted.closes, {CloseCode.BAD_FRAMES: 1})

    async def test_a_sweep_that_finds_something_is_counted(self):
        with quick(SWEEP_SECONDS=0.1, SWEEP_GRACE_SECONDS=0):
            async with self.connected(self.ada) as page:
                with mock.patch("notifications.sending.fanout.publish"):
                    sent = await anotify(self.ada, "its hint is lost")
                await page.until_arrived([sent.pk])
        found = await self.async_scraped()
        self.assertGreaterEqual(found["notifications_sweeps_that_found_total"], 1)
        self.assertGreaterEqual(found["notifications_swept_total"], 1)

    @quick()
    async def test_without_a_token_no_ack_is_asked_for_its_age(self):
        with mock.patch.object(acks, "age_seconds") as asked:
            async with self.connected(self.ada) as page:
                sent = await anotify(self.ada, "one")
                await page.until_arrived([sent.pk])
                page.ack()
                await self.until_queued(self.ada, [])
        asked.assert_not_called()


class ScrapeTests(TestCase):
    def test_a_scrape_with_1_000_sockets_costs_less_than_half_a_percent_of_a_core(self):
        sockets = Sockets()
        for pk in range(1000):
            sockets.add(mock.Mock(pk=pk))
        served = mock.patch.object(
            metrics, "hubs", return_value=[(None, mock.Mock(sockets=sockets))]
        )
        with served:
            start = time.process_time()
            for _ in range(10):
                found = scraped()
            seconds = (time.process_time() - start) / 10
        self.assertEqual(found["notifications_sockets"], 1000)
        self.assertLess(seconds / SCRAPE_SECONDS, 0.005)

    def test_prometheus_that_asks_for_its_own_text_gets_it(self):
        text, content_type = metrics.exposition("text/plain")
        self.assertIn("text/plain", content_type)
        self.assertIn(b"notifications_acks_total", text)


class HistogramTests(SimpleTestCase):
    def test_a_bucket_has_what_is_not_above_its_end(self):
        histogram = Histogram((1.0, 2.0))
        for seconds in (-1, 0.5, 1.0, 1.5, 7):
            histogram.add(seconds)
        self.assertEqual((histogram.counts, histogram.total), ([3, 1, 1], 10.0))
