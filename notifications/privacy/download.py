"""Lines as a file that a browser saves, sent while they are read."""

from collections.abc import AsyncIterator, Iterator
from itertools import islice

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.text import get_valid_filename

LINES_AT_ONCE = 500


def download(request: HttpRequest, name: str, lines: Iterator[str]) -> StreamingHttpResponse:
    """A file of JSON lines; whatever the name says, it leads into no other folder."""
    chunks = _chunks(lines)
    # Under ASGI, Django would gather what is not asynchronous before it sends any of it.
    body = _in_threads(chunks) if isinstance(request, ASGIRequest) else chunks
    disposition = content_disposition_header(True, get_valid_filename(name))
    headers = {"Content-Disposition": disposition or "attachment", "Cache-Control": "no-store"}
    return StreamingHttpResponse(body, content_type="application/jsonl", headers=headers)


def _chunks(lines: Iterator[str]) -> Iterator[str]:
    while some := list(islice(lines, LINES_AT_ONCE)):
        yield "".join(f"{line}\n" for line in some)


async def _in_threads(chunks: Iterator[str]) -> AsyncIterator[str]:
    while chunk := await sync_to_async(lambda: next(chunks, ""))():
        yield chunk
