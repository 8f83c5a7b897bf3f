"""A folder for each suite of rows, beside the kit that they share."""

from django.apps import apps

from ..measured import require_notifications

# Nothing below can be imported without the models of the app, but for what a process runs that has
# no Django yet: those that write together are started with it.
if apps.ready:
    require_notifications(__name__)
