"""What puts load on a server: the server, its clients, the links between, and when."""
