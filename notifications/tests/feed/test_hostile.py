"""Requests that no client of the document makes."""

from django.test import Client

from .case import FeedTestCase

MANY = "&".join(["level=info"] * 1001)


class HostileRequestTests(FeedTestCase):
    def test_more_parameters_than_django_parses_are_refused_by_a_problem(self):
        for answer in (
            self.get("list", query=f"?{MANY}"),
            self.get("counts", query=f"?{MANY}"),
            self.get("poll", query=f"?{MANY}"),
            self.client.generic("POST", f"/notifications/{self.ids[0]}/read/?{MANY}"),
        ):
            self.assert_problem(answer, 400, "invalid")
        self.assertEqual(self.states(), ["queued"] * 4)

    def test_a_form_in_another_encoding_is_refused_by_a_problem(self):
        client = Client(enforce_csrf_checks=True)
        client.force_login(self.alice)
        client.cookies["csrftoken"] = "a" * 32
        kind = "application/x-www-form-urlencoded; charset=utf-16"
        answer = client.generic("POST", f"/notifications/{self.ids[0]}/read/", CONTENT_TYPE=kind)
        self.assert_problem(answer, 400, "invalid")

    def test_a_session_key_that_no_database_can_look_for_is_nobodys(self):
        answer = Client().get("/notifications/", headers={"cookie": r'sessionid="abcdefgh\000"'})
        self.assert_problem(answer, 401, "unauthenticated")

    def test_conditions_other_than_that_of_what_is_known_do_not_count(self):
        date = "Sat, 01 Jan 2000 00:00:00 GMT"
        for name in ("list", "counts", "poll"):
            for headers in ({"If-Match": '"x"'}, {"If-Unmodified-Since": date}):
                with self.subTest(name, headers=headers):
                    self.assertEqual(self.get(name, headers=headers).status_code, 200)

    def test_whoever_knows_an_answer_is_told_so_though_a_proxy_has_weakened_its_etag(self):
        etag = self.get("counts")["ETag"]
        for known in (etag, f"W/{etag}", f'"x", {etag}', "*"):
            with self.subTest(known):
                answer = self.get("counts", headers={"If-None-Match": known})
                self.assertEqual((answer.status_code, answer.content), (304, b""))
                self.assertEqual(answer["ETag"], etag)
        for other in ('"x"', etag.strip('"'), ""):
            answer = self.get("counts", headers={"If-None-Match": other})
            self.assertEqual(answer.status_code, 200)
