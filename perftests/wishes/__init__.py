"""Runs that were asked for in the admin: they wait for their turn, and go on in processes of their
own, one at a time."""
