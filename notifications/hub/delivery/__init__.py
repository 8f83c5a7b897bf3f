"""From the rows to the sockets and back: what is pushed, replayed, told and acknowledged."""
