"""What the rows are made of, whatever they hold: columns, clock, batches, lost connections."""
