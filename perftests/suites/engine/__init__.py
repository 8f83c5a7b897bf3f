"""Rows E: the delivery engine beside a floor and its rivals."""
