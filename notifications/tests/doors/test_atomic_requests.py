"""Sites with `ATOMIC_REQUESTS`, by which Django begins a transaction before it calls a view."""

from django.test import tag

from ..access.sites import SiteTestCase

MODELS = """
class User(AbstractBaseUser):
    name = models.CharField(max_length=20, unique=True)
    USERNAME_FIELD = "name"
    objects = Users()
"""

SETTINGS = """
ROOT_URLCONF = "addresses"
ALLOWED_HOSTS = ["*"]
for database in DATABASES.values():
    database["ATOMIC_REQUESTS"] = True
"""

SCRIPT = """
import types
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client
from django.urls import include, path
from notifications.tickets import make_ticket

sys.modules["addresses"] = addresses = types.ModuleType("addresses")
addresses.urlpatterns = [
    path("", include("notifications.urls")), path("health/", include("notifications.health.urls")),
]
headers = {"Authorization": f"Bearer {make_ticket(User.objects.create(name='ada'))}"}

def ask(*paths, client=Client):
    get = client(raise_request_exception=False).get
    for path in paths:
        answer = get(path, headers=headers)
        tell([path, answer.status_code, answer.get("Content-Type", "")])

def lose(alias):
    connections[alias].close()
    connections[alias].settings_dict["NAME"] = "/nowhere/at/all"
"""

JSON, PROBLEM, HTML = "application/json", "application/problem+json", "text/html; charset=utf-8"


@tag("slow")
class AtomicRequestsTests(SiteTestCase):
    def asked(self, script, **options):
        return self.run_site(MODELS, SCRIPT + script, more_settings=SETTINGS, **options)

    def test_a_process_is_live_and_says_what_is_broken_though_its_database_is_away(self):
        answers = self.asked('lose("default"); ask("/health/live/", "/health/ready/")')
        self.assertEqual(answers, [["/health/live/", 200, JSON], ["/health/ready/", 503, JSON]])

    def test_the_feed_answers_by_problems_while_the_database_is_away(self):
        answers = self.asked('lose("default"); ask("/", "/7/", "/poll/", "/openapi.json")')
        away = [[path, 503, PROBLEM] for path in ("/", "/7/", "/poll/")]
        self.assertEqual(answers, [*away, ["/openapi.json", 200, JSON]])

    def test_a_database_of_others_that_is_away_concerns_neither_the_feed_nor_the_inbox(self):
        script = 'lose("others"); ask("/", "/poll/", "/inbox/", "/health/ready/")'
        answers = self.asked(script, aliases=("default", "others"))
        well = [[path, 200, JSON] for path in ("/", "/poll/", "/health/ready/")]
        self.assertEqual(answers, [*well[:2], ["/inbox/", 302, HTML], well[2]])
