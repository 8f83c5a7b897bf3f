from django.contrib.auth.models import User
from django.contrib.staticfiles.testing import StaticLiveServerTestCase
from django.test import tag

from notifications.tests.browser import chromium, needs_browser

LONG = "/" + "nowhere_to_break_" * 20
PHONE = {"width": 390, "height": 844}


@tag("slow")
@needs_browser
class LongWordTests(StaticLiveServerTestCase):
    def setUp(self):
        User.objects.create_user(LONG[:150])
        self.client.force_login(User.objects.create_superuser("root"))
        context = self.enterContext(chromium()).new_context(viewport=PHONE)
        cookie = {"name": "sessionid", "value": self.client.cookies["sessionid"].value}
        context.add_cookies([{**cookie, "url": self.live_server_url}])
        self.page = context.new_page()

    def assert_fits(self):
        self.page.wait_for_load_state()
        wide = self.page.evaluate("document.querySelector('#content').scrollWidth")
        self.assertLessEqual(wide, PHONE["width"])

    def test_the_preview_of_an_announcement_with_a_long_address_fits_on_a_phone(self):
        path = "/admin/durable_notifications/notification/add/"
        self.page.goto(f"{self.live_server_url}{path}")
        for name in ("title", "body", "url"):
            self.page.fill(f"[name={name}]", LONG[:200])
        self.page.check("[name=audience][value=everybody]")
        self.page.click("[name=look]")
        self.page.locator("[name=send]").wait_for()
        self.assert_fits()

    def test_the_question_before_a_user_of_a_long_name_is_erased_fits_on_a_phone(self):
        self.page.goto(f"{self.live_server_url}/admin/auth/user/")
        self.page.check("#action-toggle")
        self.page.select_option("[name=action]", "erase_notifications")
        self.page.click("button[name=index]")
        self.page.locator("[name=confirmed]").wait_for(state="attached")
        self.assert_fits()
