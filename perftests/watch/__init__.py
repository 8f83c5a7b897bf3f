"""Watching: what a stored run gives reason to tell, and telling it to the staff who subscribe."""
