"""What was measured, and one way to write it down for the pipe, the rows and JSON."""
