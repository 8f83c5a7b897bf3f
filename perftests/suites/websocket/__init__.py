"""Rows W1 to W8: many connections, and what they cost."""
