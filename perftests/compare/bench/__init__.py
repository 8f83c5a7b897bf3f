"""The process of one side: what it measures, and what it counts."""
