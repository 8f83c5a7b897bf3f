"""Processes and what they leave: interpreters, folders, ports, the way they are stopped."""
