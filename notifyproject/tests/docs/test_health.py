"""docs/reference/health.md and its dashboard against the code."""

import json
import re

from django.test import TestCase

from notifications.health import urls
from notifications.health.metrics import HubCollector

from .pages import DOCS, block, page, table

PAGE = page("reference/health")
DASHBOARD = json.loads((DOCS / "reference" / "grafana.json").read_text())


class HealthPageTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.families = {family.name: family for family in HubCollector().collect()}

    def names(self):
        """As Prometheus has them: a counter with its ending."""
        endings = {"counter": "_total"}
        return {name + endings.get(f.type, "") for name, f in self.families.items()}

    def test_each_metric_is_documented_with_its_type(self):
        documented = {name: kind for name, (kind, _) in table(PAGE, "name").items()}
        self.assertEqual(set(documented), self.names())
        for name, kind in documented.items():
            self.assertEqual(kind, self.families[name.removesuffix("_total")].type)

    def test_the_dashboard_asks_for_every_metric_and_for_no_other(self):
        asked = set()
        for panel in DASHBOARD["panels"]:
            for target in panel["targets"]:
                asked |= set(re.findall(r"notifications_\w+", target["expr"]))
        asked = {name.removesuffix("_bucket") for name in asked}
        self.assertEqual(asked, self.names())

    def test_the_panels_of_the_dashboard_lie_beside_each_other(self):
        places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in DASHBOARD["panels"]]
        self.assertEqual(len(places), len(set(places)))

    def test_each_address_of_health_is_documented(self):
        self.assertEqual(set(table(PAGE, "address")), {str(u.pattern) for u in urls.urlpatterns})

    def test_the_urls_of_the_page_can_be_included(self):
        names = {}
        exec(block(PAGE, "python", "# urls.py"), names)
        (included,) = names["urlpatterns"]
        self.assertEqual(included.namespace, "notifications_health")
