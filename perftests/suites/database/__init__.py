"""Rows D: statements, rates and plans of the write and the read path."""
