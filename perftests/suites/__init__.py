"""A folder for each suite of rows, beside the kit that they share."""

from ..measured import require_notifications

# Nothing below can be imported without the models of the app.
require_notifications(__name__)
