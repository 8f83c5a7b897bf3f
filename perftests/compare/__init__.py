"""Was it me? Two versions measured in turns, and what their ratios say."""
