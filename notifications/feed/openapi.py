"""The OpenAPI 3.1 document, made of the structs of the contract, and served beside."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from ..db.requests import without_transaction
from .contract import (
    VERBS,
    ByIds,
    Counts,
    Done,
    Item,
    Latest,
    ListQuery,
    Page,
    PollQuery,
    Problem,
    Ticket,
    UpTo,
)
from .problems import KINDS, MEDIA_TYPE

_STRUCTS = (Item, Page, Counts, Latest, Done, Ticket, ByIds, UpTo, Problem)
_REF = "#/components/schemas/{name}"
_EVERYWHERE = ("invalid", "unauthenticated", "method-not-allowed", "too-many-requests")
_WRITING = ("csrf", "media-type")

_WORDS = {
    "ack": "have arrived on a device",
    "seen": "were on the user's screen",
    "read": "have been read; that implies seen",
    "unread": "are unread again",
    "archive": "were put away",
    "unarchive": "are back in the list",
    "delete": "are to be deleted for this user",
}
_ID = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "integer", "minimum": 1, "maximum": 2**63 - 1},
}
_KNOWN = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag of the answer that the client has: the answer is 304 if it still is.",
    "schema": {"type": "string"},
}
_HEADERS = {
    "RateLimit": "What is left in this minute, and its seconds.",
    "RateLimit-Policy": "How many requests a user has in a minute.",
}


@login_not_required
@without_transaction
@require_safe
def document(request: HttpRequest) -> HttpResponse:
    """For everybody: it says nothing of anybody."""
    base = request.path.removesuffix("openapi.json")
    return JsonResponse(openapi() | {"servers": [{"url": base.rstrip("/") or "/"}]})


@cache
def openapi() -> dict[str, Any]:
    """The document, but for where it is served."""
    _, schemas = msgspec.json.schema_components(_STRUCTS, ref_template=_REF)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Notifications", "version": _version()},
        "paths": _paths(),
        "components": {
            "schemas": schemas,
            "responses": {kind: _problem(kind) for kind in KINDS},
            "headers": {
                name: {"description": text, "schema": {"type": "string"}}
                for name, text in _HEADERS.items()
            },
            "securitySchemes": _security_schemes(),
        },
        "security": [{"session": []}, {"ticket": []}],
    }


def _version() -> str:
    try:
        return version("django-durable-notifications")
    except PackageNotFoundError:  # run from a checkout
        return "0"


def _paths() -> dict[str, Any]:
    one = {"get": _reading("one", "One notification", Item, "not-found")}
    one["delete"] = _writing("delete-one", "It is to be deleted for this user", Done, "not-found")
    paths: dict[str, Any] = {
        "/": {"get": _conditional("list", "The list, newest first", Page, ListQuery)},
        "/counts/": {"get": _conditional("counts", "How many are new", Counts)},
        "/poll/": {"get": _conditional("poll", "Wait for something new", Latest, PollQuery)},
        "/ticket/": {"post": _ticket()},
        "/{id}/": {"parameters": [_ID], **one},
    }
    for verb in VERBS:
        paths[f"/{verb}/"] = {"post": _many(verb)}
        if verb != "delete":
            post = _writing(f"{verb}-one", f"It: these {_WORDS[verb]}", Done, "not-found")
            paths[f"/{{id}}/{verb}/"] = {"parameters": [_ID], "post": post}
    return paths


def _reading(name: str, summary: str, answer: type[msgspec.Struct], *kinds: str) -> dict[str, Any]:
    responses = {"200": _answer(answer)} | _problems(*_EVERYWHERE, *kinds, "unavailable")
    return {"operationId": name, "summary": summary, "responses": responses}


def _conditional(
    name: str, summary: str, answer: type[msgspec.Struct], query: type[msgspec.Struct] | None = None
) -> dict[str, Any]:
    operation = _reading(name, summary, answer)
    operation["responses"]["304"] = {"description": "Nothing else than the client knows."}
    operation["responses"]["200"]["headers"]["ETag"] = {"schema": {"type": "string"}}
    operation["parameters"] = [_KNOWN, *(_parameters(query) if query else ())]
    return operation


def _writing(name: str, summary: str, answer: type[msgspec.Struct], *kinds: str) -> dict[str, Any]:
    return _reading(name, summary, answer, *_WRITING, *kinds)


def _many(verb: str) -> dict[str, Any]:
    operation = _writing(verb, f"These {_WORDS[verb]}", Done, "not-found", "too-large")
    by_ids, up_to = (_ref(kind) for kind in (ByIds, UpTo))
    schema = by_ids if verb == "ack" else {"oneOf": [by_ids, up_to]}
    operation["requestBody"] = {
        "required": True,
        "content": {"application/json": {"schema": schema}},
    }
    return operation


def _ticket() -> dict[str, Any]:
    operation = _writing("ticket", "A ticket for the user of this session", Ticket)
    operation["responses"]["403"] = _problems("session-needed")["403"]
    return operation


def _answer(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {
        "description": (kind.__doc__ or "").partition("\n")[0],
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS},
        "content": {"application/json": {"schema": _ref(kind)}},
    }


def _problems(*kinds: str) -> dict[str, Any]:
    return {str(int(KINDS[kind])): {"$ref": f"#/components/responses/{kind}"} for kind in kinds}


def _problem(kind: str) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if kind in ("too-many-requests", "unavailable"):
        headers["Retry-After"] = {"required": True, "schema": {"type": "integer"}}
    return {
        "description": KINDS[kind].phrase,
        "headers": headers,
        "content": {MEDIA_TYPE: {"schema": _ref(Problem)}},
    }


def _ref(kind: type[msgspec.Struct]) -> dict[str, str]:
    return {"$ref": _REF.format(name=kind.__name__)}


def _parameters(query: type[msgspec.Struct]) -> list[dict[str, Any]]:
    """Each field of a struct, with the schema that it is validated by."""
    _, schemas = msgspec.json.schema_components([query], ref_template=_REF)
    found = []
    for name, schema in schemas[query.__name__]["properties"].items():
        text = schema.pop("description", "")
        found.append({"name": name, "in": "query", "description": text, "schema": schema})
    return found


def _security_schemes() -> dict[str, Any]:
    return {
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "What changes something needs the header of Django's CSRF token, too.",
        },
        "ticket": {"type": "http", "scheme": "bearer"},
    }
