"""Every error is a problem document of RFC 9457."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

import msgspec
from django.http import HttpResponse

from .contract import Problem

MEDIA_TYPE = "application/problem+json"

KINDS = {
    "invalid": HTTPStatus.BAD_REQUEST,
    "unauthenticated": HTTPStatus.UNAUTHORIZED,
    "csrf": HTTPStatus.FORBIDDEN,
    "session-needed": HTTPStatus.FORBIDDEN,
    "not-found": HTTPStatus.NOT_FOUND,
    "method-not-allowed": HTTPStatus.METHOD_NOT_ALLOWED,
    "too-large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "media-type": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "too-many-requests": HTTPStatus.TOO_MANY_REQUESTS,
    "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The last part of the `type` of each problem, and its status."""

PREFIX = "urn:notifications:problem:"

RETRY_SECONDS = 5
"""When to come again after what passes."""

MAX_DETAIL = 500
"""Characters; it may quote what was sent."""

_NONE: Mapping[str, str] = MappingProxyType({})


class Refused(Exception):
    """A request that is answered by a problem."""

    def __init__(self, kind: str, detail: str, headers: Mapping[str, str] = _NONE) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.headers = kind, detail, headers

    def response(self) -> HttpResponse:
        status = KINDS[self.kind]
        problem = Problem(
            type=PREFIX + self.kind,
            title=status.phrase,
            status=status,
            detail=self.detail[:MAX_DETAIL],
        )
        body = msgspec.json.encode(problem)
        return HttpResponse(body, MEDIA_TYPE, status, headers=dict(self.headers))


def unavailable(what: str) -> Refused:
    """For what passes; `what` says so in a sentence."""
    detail = f"{what} Come again in {RETRY_SECONDS} seconds."
    return Refused("unavailable", detail, {"Retry-After": str(RETRY_SECONDS)})


def unauthenticated(detail: str) -> Refused:
    return Refused("unauthenticated", detail, {"WWW-Authenticate": "Bearer"})
