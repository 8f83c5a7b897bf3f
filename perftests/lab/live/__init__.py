"""What goes on now: a run as it is measured, and the queue of those that were asked for."""
