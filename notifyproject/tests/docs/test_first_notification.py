"""docs/start/first-notification.md, done step by step in a project of somebody's own."""

import json
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

from channels.auth import AuthMiddlewareStack
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser, User
from django.test import RequestFactory, SimpleTestCase, TestCase, tag
from django.urls import path

from notifications.models import Delivery
from notifications.routing import websocket_urlpatterns
from notifications.send import notify
from notifications.tests.browser import chromium, needs_browser, wait_until
from notifications.tests.hubs import HubTestCase

from ..own_project import OwnProject
from .pages import ROOT, block, commands, page, table

PAGE = page("start/first-notification")


class FirstNotificationViewTests(TestCase):
    def setUp(self):
        names = {}
        exec(block(PAGE, "python", "# views.py"), names)
        self.inbox = names["inbox"]

    def answer(self, user):
        request = RequestFactory().get("/inbox/")
        request.user = user
        return self.inbox(request)

    def test_the_view_of_the_first_notification_lists_the_newest_first_with_what_is_read(self):
        ada = User.objects.create(username="ada")
        notify(User.objects.create(username="bob"), "not hers")
        older, newer = notify(ada, "older"), notify(ada, "newer")
        Delivery.objects.filter(notification=older).mark_read()
        items = json.loads(self.answer(ada).content)["items"]
        self.assertEqual(
            [(i["id"], i["read"]) for i in items], [(newer.pk, False), (older.pk, True)]
        )

    def test_the_view_of_the_first_notification_sends_strangers_to_the_login_page(self):
        self.assertEqual(self.answer(AnonymousUser()).status_code, 302)


class FirstNotificationRoutesTests(HubTestCase):
    async def test_a_page_is_greeted_beside_other_routes_and_inside_the_middleware_of_channels(
        self,
    ):
        await self.async_client.aforce_login(self.ada)
        cookie = f"sessionid={self.async_client.cookies['sessionid'].value}".encode()
        headers = [(b"host", b"testserver"), (b"origin", b"http://testserver"), (b"cookie", cookie)]
        others = [path("ws/chat/", AsyncWebsocketConsumer.as_asgi())]
        site = AuthMiddlewareStack(URLRouter([*websocket_urlpatterns, *others]))
        page = WebsocketCommunicator(site, "/ws/notifications/", headers=headers)
        self.assertEqual(await page.connect(), (True, None))
        self.assertEqual((await page.receive_json_from())["type"], "hello")
        await page.disconnect()


class FirstNotificationPackageTests(SimpleTestCase):
    def setUp(self):
        self.declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    def test_the_first_notification_names_every_extra_of_the_package(self):
        named = set(table(PAGE, "extra")) - {"(none)"}
        self.assertEqual(named, set(self.declared["optional-dependencies"]))

    def test_the_first_notification_installs_the_package_with_the_oldest_daphne_of_its_extra(self):
        [words] = commands(PAGE, ["pip", "install"])
        package, server = words[-2:]
        self.assertTrue(package.startswith(self.declared["name"]))
        self.assertIn(server, self.declared["optional-dependencies"]["perf"])


@tag("own_database", "slow")
@needs_browser
class FirstNotificationProjectTests(SimpleTestCase):
    """`startproject`, and what the page says, in a folder of its own."""

    def setUp(self):
        folder = self.enterContext(TemporaryDirectory())
        self.project = OwnProject(Path(folder))
        self.project.copy("notifications")
        self.project.follow_the_page()

    def test_a_page_of_a_new_project_hears_what_is_sent_in_a_terminal(self):
        self.project.add_settings('STATIC_URL = "assets/"')
        self.project.prepare()
        with self.project.server() as server, chromium() as browser:
            page, heard = self.open(browser, server.url)
            wait_until(page, lambda: {"items": []} in heard, "the empty list")
            self.project.manage("notify", "Hello", "ada")
            wait_until(page, lambda: "Hello" in heard, "the notification")
            self.assertNotIn("Traceback", server.log())

    def open(self, browser, url):
        page, heard = browser.new_page(), []
        page.goto(f"{url}/admin/login/?next=/")
        page.on("console", lambda message: heard.extend(a.json_value() for a in message.args))
        page.fill("#id_username", "ada")
        page.fill("#id_password", self.project.PASSWORD)
        page.locator("[type=submit]").click()
        return page, heard

    def test_a_new_project_measures_with_perftests(self):
        self.project.copy("perftests")
        self.project.add_settings(
            block(page("how-to/measure-your-own-code"), "python", "# settings.py")
        )
        self.project.prepare()
        report = self.project.folder / "report.json"
        label = "perftests.suites.notification.test_performance"
        test = "NotificationPerformanceTests.test_statistics_of_all_deliveries_are_cheap"
        self.project.manage("perf", f"{label}.{test}", "--scale=smoke", f"--output={report}")
        [result] = json.loads(report.read_text())["results"]
        self.assertEqual(result["outcome"], "completed")
