"""What the views take, held against the schemas of the document, value by value."""

import json
from importlib.util import find_spec
from unittest import skipUnless

from django.test import RequestFactory, SimpleTestCase, tag
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.conf import get_settings
from notifications.feed.input import read_ids, read_selection
from notifications.feed.openapi import openapi
from notifications.feed.problems import Refused
from notifications.wire.protocol import MAX_IDS_PER_FRAME as MOST

ODD = st.sampled_from(
    [
        *(0, -1, 1, 2**53 + 1, 2**63 - 1, 2**63, 2**64),
        *(1.0, -0.0, 1.5, 9.223372036854776e18, 1e300),
        *(True, False, None, "1", "", [], {}, [1]),
    ]
)
NUMBERS = ODD | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
REPEATED = st.builds(
    lambda one, times: [one] * times,
    st.integers(1, 50) | ODD,
    st.sampled_from([0, 1, 390, MOST - 1, MOST, MOST + 1]),
)
IDS = st.lists(st.integers(1, 50) | NUMBERS, max_size=6) | REPEATED | ODD
FIELDS = {"ids": IDS, "upto": NUMBERS}
BODIES = (
    st.fixed_dictionaries({"ids": IDS})
    | st.fixed_dictionaries({"upto": NUMBERS})
    | st.fixed_dictionaries({}, optional=FIELDS | {"more": ODD, "Ids": IDS})
    | ODD
)


@tag("slow")  # not for its time: the fast tests are also run where schemathesis is not installed
@skipUnless(find_spec("jsonschema_rs"), "Needs jsonschema_rs, which schemathesis brings.")
class BodyTests(SimpleTestCase):
    @settings(max_examples=500, deadline=None, derandomize=True, database=None)
    @given(BODIES)
    def test_a_body_is_taken_if_and_only_if_the_document_allows_it(self, body):
        text = json.dumps(body)
        if len(text) > get_settings().MAX_FRAME_BYTES:
            return  # 413, whatever it says
        for path, read in (("/read/", read_selection), ("/ack/", read_ids)):
            self.assertEqual(is_taken(read, text), is_allowed(path, text), path)


def is_taken(read, text):
    try:
        read(RequestFactory().post("/", text, content_type="application/json"))
    except Refused:
        return False
    return True


def is_allowed(path, text):
    from jsonschema_rs import Draft202012Validator

    document = openapi()
    content = document["paths"][path]["post"]["requestBody"]["content"]
    schema = content["application/json"]["schema"] | {"components": document["components"]}
    return Draft202012Validator(schema).is_valid(json.loads(text))
