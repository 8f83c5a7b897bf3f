"""Row F1: everything breaks, nothing is lost."""
