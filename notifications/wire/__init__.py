"""What travels: the frames of the protocol, and the hints between processes."""
