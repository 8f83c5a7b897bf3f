import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import skipUnless

from django.contrib.auth.models import Group
from django.test import SimpleTestCase, TransactionTestCase, tag
from django.urls import get_resolver, resolve

from notifications.feed.contract import VERBS, ListQuery
from notifications.feed.openapi import openapi
from notifications.models import Delivery
from notifications.send import notify
from notifications.tickets import make_ticket
from perftests.load.server.process import ServerProcess

from ..users import make_user

LIMIT_SECONDS = 300

# What is refused may be refused for its size; that each status is a documented one is checked too.
# In its stateful phase schemathesis judges a request by what it meant to make, not by what it has
# sent (its issues 2983, 4332), and reports valid bodies: `test_bodies` asks the bodies themselves.
CONFIGURATION = """
[checks.negative_data_rejection]
expected-statuses = ["4xx"]

[phases.stateful.checks]
negative_data_rejection.enabled = false
"""


class DocumentTests(SimpleTestCase):
    def test_the_document_is_served_to_everybody_with_where_it_stands(self):
        answer = self.client.get("/notifications/openapi.json")
        self.assertEqual(answer.json()["openapi"], "3.1.0")
        self.assertEqual(answer.json()["servers"], [{"url": "/notifications"}])

    def test_each_path_of_the_document_is_an_endpoint_and_each_endpoint_has_one(self):
        paths = openapi()["paths"]
        for path in paths:
            resolve("/notifications" + path.replace("{id}", "1"))
        routes = {
            str(pattern.pattern).replace("<str:notification_id>", "{id}")
            for pattern in get_resolver("notifications.urls").url_patterns
        }
        not_of_the_feed = {"openapi.json", "inbox/"}
        self.assertEqual({path[1:] for path in paths} | not_of_the_feed, routes)
        self.assertEqual(len(paths), 5 + 2 * len(VERBS) - 1)

    def test_each_filter_is_a_parameter_with_the_schema_that_it_is_validated_by(self):
        parameters = openapi()["paths"]["/"]["get"]["parameters"]
        query = {one["name"]: one for one in parameters if one["in"] == "query"}
        self.assertEqual(list(query), list(ListQuery.__struct_fields__))
        self.assertEqual(
            (query["limit"]["schema"]["minimum"], query["limit"]["schema"]["maximum"]), (1, 100)
        )

    def test_each_problem_that_the_document_names_is_described_in_it(self):
        text = json.dumps(openapi())
        for kind in openapi()["components"]["responses"]:
            self.assertIn(f'"#/components/responses/{kind}"', text)


@tag("slow")
@skipUnless(find_spec("schemathesis"), "Needs schemathesis: nothing was tested.")
class ConformanceTests(TransactionTestCase):
    """Whatever schemathesis makes of the document, sent to a real server."""

    def setUp(self):
        self.ada, self.bob = make_user("ada"), make_user("bob")
        team = Group.objects.create(name="team")
        for number in range(30):
            notify(self.ada, f"number {number}", target=team, data={"number": number})
        notify(self.bob, "of bob")

    def test_no_request_gets_an_answer_that_the_document_does_not_have(self):
        plenty = {"REQUESTS_PER_MINUTE": 10**6, "TICKET_SECONDS": 3600, "POLL_SECONDS": 1}
        environment = {"PERF_NOTIFICATIONS": json.dumps(plenty)}
        with ServerProcess("uvicorn", environment=environment) as server:
            self.conforms(server, f"Authorization: Bearer {make_ticket(self.ada)}")
            self.conforms(server)
            self.assertNotIn("Traceback", server.stderr())
        self.assertEqual(Delivery.objects.get(recipient=self.bob).state, "queued")

    def conforms(self, server, *headers):
        with TemporaryDirectory() as folder:
            Path(folder, "schemathesis.toml").write_text(CONFIGURATION)
            run = subprocess.run(
                [
                    *(sys.executable, "-m", "schemathesis.cli", "run"),
                    f"{server.http_url}/notifications/openapi.json",
                    *("--max-examples", "40", "--seed", "1", "--no-color"),
                    *(f"--header={header}" for header in headers),
                    # The header goes along with whatever cookie is tried, and is enough.
                    *(("--exclude-checks", "ignored_auth") if headers else ()),
                ],
                cwd=Path(folder),
                capture_output=True,
                text=True,
                timeout=LIMIT_SECONDS,
                check=False,
            )
        self.assertEqual(run.returncode, 0, run.stdout[-30000:] + run.stderr[-2000:])
