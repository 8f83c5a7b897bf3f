"""What the pages draw, as numbers for SVG: no script, and no inline style."""
