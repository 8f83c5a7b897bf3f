"""Stored runs, and whoever looks at them in the admin, for the tests of its pages."""

from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import TransactionTestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from perftests import store
from perftests.measure.histogram import LatencyHistogram
from perftests.measure.series import Series
from perftests.models import PerfRun
from perftests.records.results import Outcome, Result, State
from perftests.records.targets import Metric, Target

from .sample_reports import ENVIRONMENT

LIST = "admin:perftests_perfrun_changelist"
PAGE = "admin:perftests_perfrun_change"
CSP = f"{__name__}.strict_content_security_policy"
"""The middleware that keeps pages from what is not the site's own."""

KEPT = Metric("rate", 2500.0, "notifications/s", required=Target(">", 100))


def make_result(test="suites.Tests.test_delivery", **fields):
    defaults = {
        "suite": "notification",
        "row": "N1",
        "title": "High-volume delivery",
        "outcome": Outcome.COMPLETED,
        "seconds": 1.5,
        "metrics": (
            Metric("rate", 2500.0, "notifications/s", "higher", Target(">", 100)),
            Metric("p99", 12.3, "ms", "lower", Target("<", 100), Target("<", 10)),
            Metric("memory", None, "kB", required=Target("<", 32), doubt="The server <died>."),
        ),
    }
    return Result(test, **{**defaults, **fields})


def measured_result():
    """A result with everything that is drawn."""
    latencies = LatencyHistogram.from_nanoseconds(range(1_000_000, 2_000_000, 1_000))
    cpu = Series("server cpu", "%", (0.0, 1.0, 2.0), (10.0, 50.0, 20.0))
    rss = Series("server rss", "MB", (0.0, 1.0, 2.0), (90.0, 91.0, 92.0))
    return make_result(series=(cpu, rss), histograms={"delivery": latencies.encode()})


def make_run(
    *results, label="nightly", scale="smoke", server="daphne", state=State.FINISHED, **parameters
):
    run = store.start(label, {"scale": scale, "server": server, **parameters}, ENVIRONMENT)
    for result in results:
        store.add(run, result)
    if state is not State.RUNNING:
        store.finish(run, state, 134.0)
    return run


class AdminMixin:
    def setUp(self):
        self.superuser = User.objects.create_superuser("root")
        self.client.force_login(self.superuser)

    def log_in_with(self, *codenames):
        """Become a member of staff with these permissions alone."""
        User.objects.filter(username="staff").delete()
        user = User.objects.create_user("staff", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        self.client.force_login(user)

    def get(self, name, *args, **query):
        response = self.client.get(reverse(name, args=args), query)
        self.assertEqual(response.status_code, 200)
        return response

    def listed(self, **query):
        return list(self.get(LIST, **query).context["cl"].queryset)

    def count_queries(self, name, *args):
        with CaptureQueriesContext(connection) as queries:
            self.get(name, *args)
        return len(queries)

    def report(self, run):
        return store.load(PerfRun.objects.get(pk=run.pk))


class AdminTestCase(AdminMixin, TransactionTestCase):
    pass


def strict_content_security_policy(get_response):
    def middleware(request):
        response = get_response(request)
        response["Content-Security-Policy"] = "default-src 'self'; img-src 'self' data:"
        return response

    return middleware
