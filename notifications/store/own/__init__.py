"""What one user has, sees and changes of the own."""
