"""docs/reference/feed.md against the code."""

import json
import re

from django.test import SimpleTestCase

from notifications import conf
from notifications.feed import contract
from notifications.feed.contract import VERBS, Item, ListQuery
from notifications.feed.openapi import openapi
from notifications.feed.problems import KINDS

from .pages import blocks, page, table

TEXT = page("reference/feed")


class FeedDocumentTests(SimpleTestCase):
    def test_each_operation_of_the_openapi_document_stands_in_the_reference(self):
        documented = set(table(TEXT, "method and path"))
        operations = {
            f"{method.upper()} {path}"
            for path, item in openapi()["paths"].items()
            for method in item
            if method != "parameters"
        }
        same = {f"POST /{{id}}/{verb}/" for verb in VERBS if verb not in ("ack", "delete")}
        self.assertEqual(documented, operations - same | {"GET /openapi.json"})

    def test_each_answer_of_an_endpoint_is_a_struct_of_the_contract(self):
        for _, answer in table(TEXT, "method and path").values():
            if answer:
                self.assertTrue(hasattr(contract, answer.strip("`")), answer)

    def test_each_parameter_of_the_list_is_documented(self):
        documented = table(TEXT, "parameter")
        self.assertEqual(set(documented), set(ListQuery.__struct_fields__))
        self.assertIn(f"1 to {contract.MAX_ITEMS}", documented["limit"][0])

    def test_each_kind_of_problem_is_documented_with_its_status(self):
        documented = table(TEXT, "last part of `type`")
        self.assertEqual(
            {kind: int(status) for kind, (status, _) in documented.items()},
            {kind: int(status) for kind, status in KINDS.items()},
        )

    def test_the_documented_item_has_the_fields_of_an_item(self):
        [shown] = json.loads(blocks(TEXT, "json")[0])["items"]
        self.assertEqual(list(shown), list(Item.__struct_fields__))

    def test_settings_that_the_reference_of_the_feed_names_exist(self):
        named = set(re.findall(r"`([A-Z]+_[A-Z_]+)`", TEXT))
        self.assertEqual(named - conf.names(), set())
