"""The inbox in a real browser, on a real server, under a strict policy."""

from django.contrib.auth.models import User
from django.db import transaction
from django.test import tag

from notifications.models import Delivery
from notifications.send import edit, notify, recall
from notifications.tests.browser import needs_browser, violations, wait_until

from .live_page import LivePageTestCase

PATH = "notifications/inbox/"


class InboxPageTestCase(LivePageTestCase):
    element = "notification-inbox"

    def send(self, number, **options):
        return [notify(self.user, f"n{index}", **options) for index in range(number)]

    def titles(self, tab):
        shown = tab.locator("form.list li h2")
        return shown.evaluate_all("all => all.map((h2) => h2.lastChild.textContent)")

    def until_titles(self, tab, *titles):
        wait_until(tab, lambda: self.titles(tab) == list(titles), titles)

    def until_count(self, tab, number):
        count = tab.locator("[data-count]")
        wait_until(tab, lambda: count.text_content() == str(number), f"{number} unread")

    def press(self, tab, name, of="n0"):
        tab.locator("li").get_by_role("button", name=f"{name} {of}", exact=True).click()


@tag("slow")
@needs_browser
class InboxWithoutScriptTests(InboxPageTestCase):
    def test_everything_can_be_done_without_javascript(self):
        sent = self.send(27)
        context = self.new_context(java_script_enabled=False)
        tab = self.open_tab(PATH, context)
        tab.get_by_role("link", name="Older").click()
        self.until_titles(tab, "n1", "n0")
        for box in tab.locator("[name=ids]").all():
            box.check()
        tab.locator(".tools").get_by_role("button", name="Archive").click()
        self.assertEqual(self.titles(tab), [])
        tab.get_by_role("link", name="Archived").click()
        self.press(tab, "Move to the list")
        self.until_titles(tab, "n1")
        tab.get_by_role("link", name="All").click()
        for name, count in (("Mark all read", "0"), ("Undo", "26"), ("Mark all read", "0")):
            tab.get_by_role("button", name=name).click()
            self.assertEqual(tab.locator("[data-count]").text_content(), count)
        tab.get_by_label("Search").fill("N26")
        tab.get_by_label("Search").press("Enter")
        self.until_titles(tab, "n26")
        states = [Delivery.objects.get(notification=one).state for one in (sent[0], sent[1])]
        self.assertEqual(states, ["read", "archived"])


@tag("slow")
@needs_browser
class InboxTests(InboxPageTestCase):
    def test_the_inbox_stays_up_to_date_with_what_comes_and_what_other_tabs_do(self):
        self.send(2)
        tabs = [self.open_live_tab(PATH) for _ in range(2)]
        unread = self.open_live_tab(f"{PATH}?view=unread")
        notify(self.user, "late")
        tabs[1].bring_to_front()
        self.until_titles(tabs[1], "late", "n1", "n0")
        self.press(tabs[1], "Mark read", "n1")
        for tab in (*tabs, unread):
            self.until_count(tab, 2)
        self.press(tabs[1], "Archive")
        for tab in tabs:
            self.until_titles(tab, "late", "n1")
        unread.bring_to_front()
        self.until_titles(unread, "late")

    def test_the_inbox_shows_what_is_edited_in_its_new_words_and_loses_what_is_recalled(self):
        kept, gone, _ = self.send(3)
        tab = self.open_live_tab(PATH)
        tab.locator(f"li[data-id='{kept.pk}'] [name=ids]").check()
        edit(kept, title="new", body="words", level="error")
        recall(gone)
        self.until_titles(tab, "n2", "new")
        self.assertTrue(tab.locator("li[data-level=error] [name=ids]").is_checked())
        self.press(tab, "Archive", "new")
        self.until_titles(tab, "n2")

    def test_an_open_inbox_loads_nothing_of_somebody_else_who_signed_in_after_it(self):
        bob = User.objects.create_user("bob")
        notify(bob, "for bob")
        self.send(80)
        tab = self.open_live_tab(PATH)
        self.user = bob
        self.context.add_cookies(self.new_context().cookies())
        with tab.expect_response("**/inbox/?*cursor=*") as page:
            tab.keyboard.press("End")
        self.assertIn("for bob", page.value.text())
        tab.evaluate("() => new Promise((done) => setTimeout(done))")
        self.assertNotIn("for bob", self.titles(tab))

    def test_many_are_selected_and_changed_at_once(self):
        sent = self.send(3)
        tab = self.open_live_tab(PATH)
        tools = tab.locator(".tools")
        tools.get_by_role("button", name="Archive").click()
        self.assertIn("Select notifications first", tab.locator("[data-status]").text_content())
        tab.get_by_label("Select all").check()
        tab.locator("[name=ids]").first.uncheck()
        tools.get_by_role("button", name="Archive").click()
        self.until_titles(tab, "n2")
        self.until_state(tab, sent[0], "archived")
        tools.get_by_role("button", name="Mark all read").click()
        self.until_count(tab, 0)
        self.until_state(tab, sent[2], "read")

    def test_all_that_was_marked_read_can_be_taken_back_for_a_while(self):
        sent = self.send(2)
        context = self.unhurried_context()
        tabs = [self.open_live_tab(PATH, context) for _ in range(2)]
        for tab in tabs:
            self.until_count(tab, 2)
        tab = tabs[1]
        tab.bring_to_front()
        tab.get_by_role("button", name="Mark all read").click()
        for each in tabs:
            self.until_count(each, 0)
        self.assertEqual(tab.locator("li[data-unread]").count(), 0)
        tab.get_by_role("button", name="Undo").press("Enter")
        for each in tabs:
            self.until_count(each, 2)
        self.assertEqual(tab.locator("li[data-unread]").count(), 2)
        self.assertTrue(tab.locator("[data-undo]").is_hidden())
        self.assertEqual(tab.evaluate("document.activeElement.tagName"), "A")
        self.assertEqual(violations(tab), [])
        self.hurry(tab)
        tab.get_by_role("button", name="Mark all read").click()
        self.assertEqual(violations(tab), [])
        self.until_state(tab, sent[0], "read")
        wait_until(tab, lambda: tab.locator("[data-undo]").is_hidden(), "the end of the undo")

    def test_rows_loaded_after_mark_all_look_read_until_it_is_taken_back(self):
        self.send(80)
        tab = self.open_live_tab(PATH, self.unhurried_context())
        tab.get_by_role("button", name="Mark all read").click()
        self.until_count(tab, 0)
        late = notify(self.user, "late")
        self.until_count(tab, 1)
        items, unread = tab.locator("form.list li"), tab.locator("form.list li[data-unread]")
        wait_until(tab, lambda: self.titles(tab)[0] == "late", "the new one")
        loaded = items.count()
        items.last.scroll_into_view_if_needed()
        wait_until(tab, lambda: items.count() > loaded, "older ones")
        self.assertEqual(unread.get_attribute("data-id"), str(late.pk))
        tab.get_by_role("button", name="Undo").click()
        self.until_count(tab, 81)
        self.assertEqual(unread.count(), items.count())

    def test_the_list_goes_on_as_long_as_there_is_more(self):
        self.send(80)
        tab = self.open_live_tab(PATH)
        items = tab.locator("form.list li")
        self.assertLess(items.count(), 80)

        def all_there():
            tab.keyboard.press("End")
            return items.count() == 80

        wait_until(tab, all_there, "all of it")
        self.assertEqual(self.titles(tab), [f"n{number}" for number in reversed(range(80))])
        self.assertEqual(tab.locator("[data-more]").count(), 0)

    def test_after_a_while_offline_the_list_has_what_was_missed(self):
        sent = self.send(3)
        tab = self.open_live_tab(PATH)
        self.context.set_offline(True)
        self.server.kill()
        tab.get_by_text("No connection.").wait_for()
        Delivery.objects.filter(notification=sent[1]).mark_archived()
        Delivery.objects.filter(notification=sent[0]).mark_read()
        notify(self.user, "missed")
        self.press(tab, "Mark read", "n2")
        self.server.start()
        self.context.set_offline(False)
        self.until_titles(tab, "missed", "n2", "n0")
        self.until_state(tab, sent[2], "read")
        self.until_count(tab, 1)
        self.complaints.clear()  # a browser writes of each connection that is refused

    def test_nothing_is_missing_behind_more_than_a_page_that_came_at_once(self):
        self.send(30)
        tab = self.open_live_tab(PATH)
        tab.get_by_role("link", name="Older").click()
        items = tab.locator("form.list li")
        wait_until(tab, lambda: items.count() == 30, "all of it", 20)
        with transaction.atomic():
            later = [notify(self.user, f"later {number}") for number in range(40)]
        wait_until(tab, lambda: self.titles(tab)[0] == "later 39", "the newest", 20)

        def all_there():
            tab.keyboard.press("End")
            return items.count() == 70

        wait_until(tab, all_there, "all of it", 20)
        ids = items.evaluate_all("all => all.map((item) => Number(item.dataset.id))")
        self.assertEqual(ids, sorted(ids, reverse=True))
        self.assertEqual(ids[:40], [one.pk for one in reversed(later)])

    def test_a_notification_archived_here_and_taken_back_elsewhere_is_in_the_inbox_again(self):
        sent = self.send(2)
        tab = self.open_live_tab(PATH)
        with tab.expect_response("**/archive/"):
            self.press(tab, "Archive")
        wait_until(tab, lambda: not tab.evaluate("localStorage.length"), "nothing to send")
        self.server.kill()
        tab.get_by_text("No connection.").wait_for()
        Delivery.objects.filter(notification=sent[0]).update(archived_at=None)
        self.server.start()
        self.until_titles(tab, "n1", "n0")
        self.complaints.clear()  # a browser writes of each connection that is refused

    def test_the_inbox_is_walked_by_the_keyboard_alone(self):
        self.send(3)
        tab = self.open_live_tab(PATH)
        archive = tab.get_by_role("button", name="Archive n2", exact=True)
        for _ in range(30):
            tab.keyboard.press("Tab")
            if archive.evaluate("button => button.matches(':focus')"):
                break
        tab.keyboard.press("Enter")
        self.until_titles(tab, "n1", "n0")
        focused = "document.activeElement.textContent.replace(/\\s+/g, ' ')"
        self.assertEqual(tab.evaluate(focused), "Archive n1")
        tab.keyboard.press("Shift+Tab")
        tab.keyboard.press("Space")
        self.assertEqual(tab.evaluate(focused), "Mark unread n1")
        tab.keyboard.press("Space")
        self.assertEqual(tab.evaluate(focused), "Mark read n1")

    def test_the_focus_goes_on_when_the_row_that_has_it_leaves_the_list(self):
        sent = self.send(3)
        tab = self.open_live_tab(f"{PATH}?view=unread")
        focused = "document.activeElement.value"
        tab.locator("[name=ids]").nth(1).focus()
        tab.evaluate(f"document.querySelector('{self.element}').notifications.read([{sent[1].pk}])")
        self.assertEqual(tab.evaluate(focused), str(sent[0].pk))
        recall(sent[0])
        self.until_titles(tab, "n2")
        self.assertEqual(tab.evaluate(focused), str(sent[2].pk))

    def test_axe_finds_nothing_in_any_state_light_dark_phone_or_right_to_left(self):
        for options in (
            {"color_scheme": "light"},
            {"color_scheme": "dark"},
            {"locale": "he", "viewport": {"width": 390, "height": 800}},
        ):
            context = self.new_context(**options)
            for query in ("", "?view=archive", "?level=fatal", "?q=n&category=billing"):
                with self.subTest(query, **options):
                    tab = self.open_live_tab(PATH + query, context)
                    self.assertEqual(violations(tab), [])
                    narrow = "document.documentElement.scrollWidth <= innerWidth"
                    self.assertTrue(tab.evaluate(narrow))
                    tab.close()
            Delivery.objects.filter(notification__in=self.send(2)).mark_archived()
            self.send(3, body="text", url="/x/", level="error", category="billing")
            context.close()
        self.complaints.clear()  # axe writes styles of its own, and what is asked for is refused

    def test_a_title_goes_in_the_direction_of_its_own_letters_and_not_of_the_page(self):
        notify(self.user, "\u05e9\u05dc\u05d5\u05dd!")
        notify(self.user, "Hello!")
        for locale in ("en", "he"):
            tab = self.open_live_tab(PATH, self.new_context(locale=locale))
            directions = "all => all.map((h2) => getComputedStyle(h2).direction)"
            ways = tab.locator("form.list li h2").evaluate_all(directions)
            self.assertEqual(ways, ["ltr", "rtl"], locale)

    def test_a_long_text_is_printed_whole(self):
        notify(self.user, "n0", body="line\n" * 30)
        tab = self.open_live_tab(PATH)
        tab.emulate_media(media="print")
        whole = "body => body.scrollHeight <= body.clientHeight"
        self.assertTrue(tab.locator(".body").evaluate(whole))

    def test_hostile_texts_stay_text_and_within_the_page(self):
        texts = [
            "<img src=x onerror=alert(1)>",
            "\u202egnp.exe",
            "x" * 200,
            "\U0001f469\u200d\U0001f467",
        ]
        for text in texts:
            notify(self.user, text, body=text * 20)
        context = self.new_context(viewport={"width": 390, "height": 800})
        tab = self.open_live_tab(PATH, context)
        self.until_titles(tab, *reversed(texts))
        self.assertEqual(tab.locator("li img").count(), 0)
        self.assertTrue(tab.evaluate("document.documentElement.scrollWidth <= innerWidth"))
