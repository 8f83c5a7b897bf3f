"""Rows M: what stays in memory when users come, go and wait."""
