"""Measuring, free of Django: statistics, histograms, resources, memory, leaks."""
