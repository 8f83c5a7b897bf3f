"""Filters for the pages of a project."""
