"""Durable live notifications: written once, pushed over WebSockets, kept until acknowledged."""
