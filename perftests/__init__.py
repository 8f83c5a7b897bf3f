"""The performance lab: a real server under load, numbers with targets, runs that are stored."""
