"""Rows N1 to N8: notifications in volume, under load and beyond it."""
