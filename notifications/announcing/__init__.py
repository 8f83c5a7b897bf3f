"""An announcement: a notification that staff write in the admin, look at, and send."""
