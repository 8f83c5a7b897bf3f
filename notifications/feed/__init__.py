"""The list over HTTP: plain views, and structs that are their contract."""
