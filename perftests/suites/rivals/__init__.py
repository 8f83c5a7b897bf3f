"""Rows R: what people would pick instead of this, in the same run as this."""
