"""What goes on now: a run as it is measured."""
