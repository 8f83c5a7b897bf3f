"""A folder for each suite of rows, beside the kit that they share."""
