"""For the `urlpatterns` of a project: `path("", include("perftests.urls"))`."""

from django.urls import path

from . import views

urlpatterns = [
    path("perf/metrics", views.latest_run, name="perf_metrics"),
]
