"""A page with nothing but the bell."""

from django.http import HttpResponse
from django.template import engines
from django.urls import include, path

PAGE = """{% load notifications %}<!DOCTYPE html>
<html lang="en" dir="{{ request.GET.dir|default:'ltr' }}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>Bell</title>
<link rel="icon" href="/static/notifyproject/icon.svg"></head>
<body>
<header>{% notification_bell %}</header>
<main><h1>A page</h1><button>A button</button></main>
</body>
</html>"""


def page(request):
    return HttpResponse(engines["django"].from_string(PAGE).render({}, request))


urlpatterns = [
    path("", page),
    path("favicon.ico", lambda _: HttpResponse(status=204)),
    path("notifications/", include("notifications.urls")),
]
