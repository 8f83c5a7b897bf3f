"""Filters for the pages of the admin."""
