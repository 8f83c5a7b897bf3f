"""Measuring, free of Django: statistics, histograms, resources, memory, environment, targets."""
