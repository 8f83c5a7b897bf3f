"""The latest finished run for Prometheus, to whoever has the token."""

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from . import store
from .conf import configuration
from .models import PerfRun
from .reports.exports import openmetrics

REALM = {"WWW-Authenticate": 'Bearer realm="perf"'}


@never_cache
@require_safe
def latest_run(request: HttpRequest) -> HttpResponse:
    """The run as OpenMetrics, or as Prometheus' own text to who does not ask for that.

    404 where the site has set no token, 401 without the right one. Before the first run there are
    no samples; 404 would tell Prometheus that the site is down.
    """
    if not (token := configuration.METRICS_TOKEN):
        raise Http404
    if not constant_time_compare(_bearer_token(request), token):
        return HttpResponse(status=401, headers=REALM)
    newest = PerfRun.objects.finished().measured().first()
    report = store.load(newest) if newest else None
    text, content_type = openmetrics.negotiated(report, request.headers.get("Accept", ""))
    return HttpResponse(text, content_type=content_type)


def _bearer_token(request: HttpRequest) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
