"""A report as other programs read it: one function each, from a `Report` to text."""
