"""Links between clients and server that are as slow and as bad as people's."""
