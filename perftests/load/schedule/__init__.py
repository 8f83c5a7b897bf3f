"""When something is due: shapes of load, and who keeps to them."""
