"""The bell in a real browser, on a real server, under a strict policy."""

from django.test import tag

from notifications.models import Delivery, Notification
from notifications.send import edit, notify, recall
from notifications.tests.browser import needs_browser, violations, wait_until

from .live_page import LivePageTestCase

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "\u202egnp.exe",
    "x" * 200,
    "\U0001f469\u200d\U0001f469\u200d\U0001f467",
)

DESKTOP = """
  window.rung = [];
  window.Notification = class {
    static permission = "granted";
    constructor(title) { rung.push(title); }
  };
  let away = false;
  Object.defineProperty(document, "hidden", { get: () => away });
  window.look = (looks) => {
    away = !looks;
    document.dispatchEvent(new Event("visibilitychange"));
  };
"""
"""A user who has allowed notifications on the desktop, and who looks at a tab or does not."""


AT_A_WORD = """
  const wait = window.setTimeout;
  window.over = [];
  window.setTimeout = (call, ms, ...more) =>
    ms === 6000 ? over.push(call) : wait(call, ms, ...more);
"""
"""6000 is for how long a toast is shown."""


@tag("slow")
@needs_browser
class BellTests(LivePageTestCase):
    def badge(self, tab):
        badge = tab.locator("#badge")
        return badge.text_content() if badge.is_visible() else ""

    def until_badge(self, text, *tabs):
        for tab in tabs:
            wait_until(tab, lambda tab=tab: self.badge(tab) == text, f"badge {text!r}")

    def until_titles(self, tab, *titles):
        shown = tab.locator("[part=item] [part=title]")
        wait_until(tab, lambda: shown.all_text_contents() == list(titles), titles)

    def focused(self, tab):
        return tab.evaluate(
            "document.querySelector('notification-bell').shadowRoot.activeElement?.id ?? ''"
        )

    def test_the_first_paint_is_right_without_javascript(self):
        notify(self.user, "one")
        tab = self.open_tab(context=self.new_context(java_script_enabled=False))
        self.assertEqual(self.badge(tab), "1")

    def test_the_bell_rings_in_all_tabs_and_reading_in_one_clears_the_others(self):
        tabs = [self.open_live_tab() for _ in range(3)]
        sent = notify(self.user, "Ring", body="at last")
        self.until_badge("1", *tabs)
        tabs[0].locator("#bell").click()
        self.until_titles(tabs[0], "Ring")
        self.until_state(tabs[0], sent, "seen")
        tabs[0].locator("[part=item] button[data-do=read]").click()
        self.until_badge("", *tabs)
        self.until_state(tabs[0], sent, "read")

    def test_all_is_marked_read_and_taken_back(self):
        sent = [notify(self.user, f"n{number}") for number in range(2)]
        tab = self.open_live_tab(context=self.unhurried_context())
        tab.locator("#bell").click()
        tab.locator("[data-do=read-all]").click()
        self.until_badge("", tab)
        tab.locator("[data-do=undo]").click()
        self.until_badge("2", tab)
        tab.locator("[data-do=unread]").click()
        self.until_titles(tab, "n1", "n0")
        self.until_state(tab, sent[0], "seen")

    def test_all_that_was_marked_looks_read_until_it_is_taken_back_whatever_comes(self):
        sent = [notify(self.user, f"n{number}") for number in range(2)]
        context = self.unhurried_context()
        tab, other = (self.open_live_tab(context=context) for _ in range(2))
        tab.locator("#bell").click()
        tab.locator("[data-do=read-all]").click()
        self.until_badge("", tab, other)
        notify(self.user, "late")
        self.until_badge("1", tab, other)
        later = self.open_live_tab(context=context)
        self.until_badge("1", tab, other, later)
        # Opened on a list that the server tells anew, and counted after what others did.
        self.client.post(
            "/notifications/seen/", {"ids": [sent[0].pk]}, content_type="application/json"
        )
        notify(self.user, "later")
        self.until_badge("2", tab, other, later)
        unread = tab.locator("[part=item][data-unread] [part=title]")
        self.assertEqual(unread.all_text_contents(), ["later", "late"])
        tab.locator("[data-do=undo]").click()
        self.until_badge("4", tab, other, later)
        self.until_state(tab, sent[1], "seen")

    def test_a_notification_that_was_read_keeps_its_title_in_the_panel(self):
        notify(self.user, "n0")
        tab = self.open_live_tab()
        tab.locator("#bell").click()
        mark, title = (tab.locator(f"[part=item] {part}") for part in ("button", "[part=title]"))
        self.assertTrue(title.is_visible())
        mark.first.click()
        self.until_badge("", tab)
        self.assertFalse(mark.first.is_visible())
        self.assertTrue(title.is_visible())

    def test_the_focus_stays_in_the_panel_when_what_was_pressed_is_no_more(self):
        for number in range(22):
            notify(self.user, f"n{number}")
        Delivery.objects.mark_delivered()
        tab = self.open_live_tab()
        tab.locator("#bell").press("Enter")
        items = tab.locator("[part=item]")
        items.first.locator("button[data-do=read]").press("Enter")
        self.until_badge("21", tab)
        archive = items.locator("[data-do=archive]")
        self.assertTrue(archive.first.evaluate("button => button.matches(':focus')"))
        tab.locator("#more").press("Enter")
        wait_until(tab, lambda: items.count() == 22, "the last page")
        self.assertTrue(archive.nth(19).evaluate("button => button.matches(':focus')"))
        tab.locator("[data-do=read-all]").press("Enter")
        self.until_badge("", tab)
        self.assertEqual(self.focused(tab), "panel")
        tab.keyboard.press("Escape")
        self.assertEqual(self.focused(tab), "bell")

    def test_days_are_named_in_the_language_of_the_page_whatever_that_of_the_browser_is(self):
        sent = notify(self.user, "n0")
        context = self.new_context(locale="fr")
        cookie = {"name": "django_language", "value": "de", "url": self.server.http_url}
        context.add_cookies([cookie])
        tab = self.open_live_tab(context=context)
        tab.locator("#bell").click()
        day = tab.locator("[part=day]").first.text_content()
        german = (
            "time => new Intl.DateTimeFormat('de', { dateStyle: 'full' }).format(new Date(time))"
        )
        self.assertEqual(day, tab.evaluate(german, sent.created_at.isoformat()))

    def test_a_bell_that_a_script_puts_into_the_page_comes_to_life(self):
        tab = self.open_live_tab()
        tab.evaluate("async () => { document.body.innerHTML = await (await fetch('/')).text(); }")
        notify(self.user, "n0")
        self.until_badge("1", tab)
        self.complaints.clear()  # Chromium says that innerHTML leaves the template as it is

    def test_a_bell_is_alive_again_on_a_page_that_a_script_kept_and_brings_back(self):
        notify(self.user, "n0")
        tab = self.open_live_tab()
        tab.locator("#bell").click()
        for way in (
            "document.body.replaceWith(document.body.cloneNode(true))",
            "document.body.innerHTML = document.body.innerHTML",
        ):
            with self.subTest(way):
                tab.evaluate(way)
                tab.locator("#bell").click()
                self.until_titles(tab, "n0")

    def test_the_desktop_shows_what_comes_while_no_tab_is_looked_at_once(self):
        context = self.new_context()
        context.add_init_script(DESKTOP)
        tabs = [self.open_live_tab(context=context) for _ in range(2)]
        tabs[0].evaluate("look(false)")
        notify(self.user, "seen in the other tab")
        self.until_badge("1", *tabs)
        tabs[1].evaluate("look(false)")
        notify(self.user, "seen nowhere")
        self.until_badge("2", *tabs)
        wait_until(tabs[0], lambda: any(tab.evaluate("rung") for tab in tabs), "the desktop")
        notify(self.user, "the next")

        def rung():
            return sorted(title for tab in tabs for title in tab.evaluate("rung"))

        wait_until(tabs[0], lambda: "the next" in rung(), "the desktop again")
        self.assertEqual(rung(), ["seen nowhere", "the next"])

    def test_the_desktop_shows_what_comes_while_an_inbox_without_a_bell_has_the_socket(self):
        context = self.new_context()
        context.add_init_script(DESKTOP)
        inbox = self.open_tab("notifications/inbox/", context)
        store = "document.querySelector('notification-inbox')?.notifications?.snapshot.loaded"
        wait_until(inbox, lambda: inbox.evaluate(store), "the list")
        tab = self.open_live_tab(context=context)
        tab.evaluate("look(false)")
        notify(self.user, "seen in the inbox")
        self.until_badge("1", tab)
        inbox.evaluate("look(false)")
        notify(self.user, "seen nowhere")
        wait_until(tab, lambda: tab.evaluate("rung"), "the desktop")
        self.assertEqual(tab.evaluate("rung"), ["seen nowhere"])

    def test_the_bell_is_walked_by_the_keyboard_alone(self):
        for number in range(2):
            notify(self.user, f"n{number}")
        tab = self.open_live_tab()
        tab.keyboard.press("Tab")
        self.assertEqual(self.focused(tab), "bell")
        tab.keyboard.press("Enter")
        wait_until(tab, lambda: self.focused(tab) == "panel", "the panel's focus")
        archive = tab.locator("button[data-do=archive]")
        while not archive.first.evaluate("button => button.matches(':focus')"):
            tab.keyboard.press("Tab")
        tab.keyboard.press("Enter")
        self.until_titles(tab, "n0")
        self.assertTrue(archive.first.evaluate("button => button.matches(':focus')"))
        tab.keyboard.press("Escape")
        self.assertEqual(self.focused(tab), "bell")
        self.assertFalse(tab.locator("#panel").is_visible())

    def test_texts_of_others_stay_text(self):
        for text in HOSTILE:
            notify(self.user, text, body=text * 20, url="/x/" if text[0] == "x" else "")
        script = notify(self.user, "script")
        Notification.objects.filter(pk=script.pk).update(url="javascript:alert(1)")
        tab = self.open_live_tab()
        self.until_badge("5", tab)
        tab.locator("#bell").click()
        self.until_titles(tab, "script", *reversed(HOSTILE))
        self.assertEqual(tab.locator("[part=item] img").count(), 0)
        links = tab.locator("[part=item] a[href]").evaluate_all("all => all.map((a) => a.href)")
        self.assertEqual(links, [f"{self.server.http_url}/x/"])
        wide = "panel => panel.scrollWidth <= panel.clientWidth"
        self.assertTrue(tab.locator("#panel").evaluate(wide))

    def test_toasts_come_one_above_the_other_and_no_more_than_three(self):
        tab = self.open_live_tab()
        for number in range(5):
            notify(self.user, f"n{number}", level="error")
        toasts = tab.locator("[part=toast] [part=title]")
        wait_until(tab, lambda: toasts.all_text_contents() == ["n2", "n3", "n4"], "the last three")
        tab.locator("[part=toast] [data-do=dismiss]").first.click()
        self.assertEqual(toasts.count(), 2)

    def test_toasts_are_in_the_corner_of_the_window_also_where_the_header_is_blurred(self):
        tab = self.open_live_tab()
        tab.evaluate("document.querySelector('header').style.backdropFilter = 'blur(8px)'")
        notify(self.user, "n0", level="error")
        toast = tab.locator("[part=toast]")
        toast.wait_for()
        self.assertTrue(toast.evaluate("it => it.getBoundingClientRect().top > innerHeight / 2"))

    def test_the_panel_ends_within_the_window_at_400_percent(self):
        notify(self.user, "n0", body="words " * 50)
        for height in (256, 180):
            size = {"width": 320, "height": height}
            tab = self.open_live_tab(context=self.new_context(viewport=size))
            tab.locator("#bell").click()
            within = "panel => panel.getBoundingClientRect().bottom <= innerHeight"
            self.assertTrue(tab.locator("#panel").evaluate(within), height)

    def test_the_filter_that_is_pressed_looks_so_in_forced_colors(self):
        tab = self.open_live_tab(context=self.new_context(forced_colors="active"))
        tab.locator("#bell").click()
        fills = "all => all.map((button) => getComputedStyle(button).backgroundColor)"
        pressed, other = tab.locator("[aria-pressed]").evaluate_all(fills)
        self.assertNotEqual(pressed, other)

    def test_a_toast_that_has_the_focus_when_its_time_is_over_keeps_it(self):
        context = self.new_context()
        context.add_init_script(AT_A_WORD)
        tab = self.open_live_tab(context=context)
        notify(self.user, "looked at")
        notify(self.user, "not looked at")
        toasts = tab.locator("[part=toast] [part=title]")
        wait_until(tab, lambda: toasts.count() == 2, "both")
        tab.locator("[data-do=dismiss]").first.focus()
        tab.evaluate("for (const call of over.slice(-2)) call()")
        self.assertEqual(toasts.all_text_contents(), ["looked at"])

    def test_an_open_panel_and_toasts_have_the_new_words_and_lose_what_is_recalled(self):
        sent = notify(self.user, "Shiped", url="/x/")
        tab = self.open_live_tab()
        toast = notify(self.user, "by mistake", level="error")
        toasts = tab.locator(f"[part=toast][data-id='{toast.pk}'] [part=title]")
        toasts.wait_for()
        edit(toast, title="still by mistake")
        wait_until(tab, lambda: toasts.all_text_contents() == ["still by mistake"], "new words")
        recall(toast)
        wait_until(tab, lambda: toasts.count() == 0, "no toast")
        self.until_badge("1", tab)
        tab.locator("#bell").click()
        self.until_titles(tab, "Shiped")
        edit(sent, title="Shipped", url="")
        self.until_titles(tab, "Shipped")
        self.assertEqual(tab.locator("[part=item] a[href]").count(), 0)

    def test_axe_finds_nothing_in_any_state_light_dark_or_right_to_left(self):
        for scheme, query, number in (("light", "", 0), ("dark", "", 3), ("light", "?dir=rtl", 0)):
            for sent in range(number):
                notify(self.user, f"n{sent}", body="text", url="/x/", level="error")
            context = self.new_context(color_scheme=scheme)
            tab = self.open_live_tab(query, context)
            steps = {
                "closed": lambda: None,
                "toast": lambda: notify(self.user, "toast", level="error"),
                "open": tab.locator("#bell").click,
                "read": tab.locator("[data-do=read-all]").click,
            }
            for state, step in steps.items():
                with self.subTest(state, scheme=scheme, query=query):
                    step()
                    if state == "toast":
                        tab.locator("[part=toast]").first.wait_for()
                    self.assertEqual(violations(tab), [])
            context.close()
        self.complaints.clear()  # axe writes styles of its own, which the policy forbids
