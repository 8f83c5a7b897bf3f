"""The user's notifications as a page, which needs no JavaScript."""
