"""What a project with the lab alone can do, and what it is told where it cannot."""

CHANNELS = """
INSTALLED_APPS = ["daphne", ..., "channels"]
ASGI_APPLICATION = "mysite.asgi.application"
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
"""

REFUSED = (
    "perf",
    "perf --list",
    "perf --suites websocket",
    "test perftests.suites.websocket.test_load",
)

PAGES = """
from django.contrib.auth.models import User
from django.test import Client
from perftests.models import PerfRun
browser = Client(SERVER_NAME="localhost", raise_request_exception=False)
browser.force_login(User.objects.get(username="ada"))
run, other = PerfRun.objects.values_list("pk", flat=True)
compare = f"compare/?run={run}&run={other}"
runs = ("", f"{run}/change/", compare, f"export/?run={run}", "trend/", "start/", "start_part/")
for page in (*(f"perfrun/{page}" for page in runs), "perfalert/"):
    print(browser.get(f"/admin/perftests/{page}").status_code, page)
"""


OWN_TEST = """
from django.test import TestCase

class OwnTests(TestCase):
    def test_one_and_one_is_two(self):
        self.assertEqual(1 + 1, 2)
"""


def assert_stands_alone(test, project):
    """`project` has followed the page of the lab, and has none of `notifications` installed."""
    project.prepare()
    project.manage("check", "--fail-level", "WARNING")
    project.manage("makemigrations", "--check")
    labels = "myapp.tests.perf", "myapp.tests.perf_pages"
    said = project.manage("perf", *labels, "--scale=smoke", "--output=run.json")
    test.assertIn("2 of 2 tests passed", said)
    project.manage("perf", "import", "run.json")
    test.assertIn("2/2", project.manage("perf", "history"))
    answers = project.manage("shell", "-v0", "-c", PAGES).splitlines()
    test.assertEqual({answer.split()[0] for answer in answers}, {"200"}, answers)
    test.assertEqual(len(answers), 8)
    project.write("myapp/tests/test_own.py", OWN_TEST)
    for words in ("test", "test perftests"):
        with test.subTest(words):
            project.manage(*words.split())
    for words in REFUSED:
        with test.subTest(words):
            said = project.refused(*words.split())
            test.assertRegex(said, r"\A\w+: .* notifications, which is not in INSTALLED_A")
            test.assertEqual(said.count("\n"), 1)
