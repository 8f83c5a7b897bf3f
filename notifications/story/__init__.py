"""What became of one notification for one user."""
