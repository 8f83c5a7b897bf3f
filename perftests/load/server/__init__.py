"""The server under load, seen from outside: its process and its commands."""
