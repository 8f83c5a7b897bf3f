"""What runs inside the server under load, and in no product."""
