"""The black box: clients that know the protocol and nothing of the server."""
