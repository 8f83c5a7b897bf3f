"""What is kept: every query and statement about notifications and deliveries."""
