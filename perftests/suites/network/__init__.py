"""Rows C: users behind bad links."""
