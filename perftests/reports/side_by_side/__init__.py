"""Stored runs side by side."""
