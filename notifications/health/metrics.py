"""The numbers of this process for Prometheus, made when they are asked for."""

from collections.abc import Iterator
from contextlib import suppress

from django.db import DatabaseError, InterfaceError
from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from ..background.counters import Histogram, counters
from ..hub.registry import hubs
from ..models import Delivery
from ..store.database import database

PREFIX = "notifications"


def exposition(accept: str) -> tuple[bytes, str]:
    """Text and content type: OpenMetrics, or Prometheus' own to who does not ask for that."""
    encode, content_type = choose_encoder(accept)
    registry = CollectorRegistry()
    registry.register(HubCollector())
    return encode(registry), content_type


class HubCollector(Collector):
    """Reads the hub's collections from another thread: lengths, never their members."""

    def collect(self) -> Iterator[Metric]:
        """Names and meanings; docs/reference/health.md has them, too."""
        found = [hub.sockets for _, hub in hubs()]
        yield _gauge("sockets", "Sockets that are connected here", sum(1 for s in found for _ in s))
        yield _gauge("users", "Users who are connected here", sum(len(s.pks()) for s in found))
        yield from _queued()
        yield _counter("acks", "Acks that were written", counters.acks)
        yield _counter("sweeps", "Looks for lost hints", counters.sweeps)
        yield _counter("sweeps_that_found", "Those that found some", counters.sweeps_that_found)
        yield _counter("swept", "Notifications that sweeps had to send", counters.found)
        yield _counter("layer_errors", "Hints that the layer did not take", counters.layer_errors)
        yield _closes()
        yield _lag("ack_lag_seconds", "From the sending to the ack, of one in a batch of acks")


def _queued() -> Iterator[Metric]:
    """Left out while the database does not answer: all other numbers are those of the process."""
    with suppress(DatabaseError, InterfaceError):
        number = Delivery.objects.using(database()).queued().order_by().count()
        yield _gauge("queued", "Deliveries of the site that no device has acknowledged", number)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}_{name}", meaning, value=value)


def _counter(name: str, meaning: str, value: float) -> Metric:
    return CounterMetricFamily(f"{PREFIX}_{name}", meaning, value=value)


def _closes() -> Metric:
    family = CounterMetricFamily(f"{PREFIX}_closes", "Sockets that were closed", labels=["code"])
    for code, number in sorted(counters.closes.copy().items()):
        family.add_metric([str(code)], number)
    return family


def _lag(name: str, meaning: str) -> Metric:
    histogram: Histogram = counters.ack_lag
    buckets, below = [], 0
    ends = [*map(str, histogram.ends), "+Inf"]
    for end, count in zip(ends, list(histogram.counts), strict=True):
        below += count
        buckets.append((end, below))
    return HistogramMetricFamily(
        f"{PREFIX}_{name}", meaning, buckets=buckets, sum_value=histogram.total
    )
