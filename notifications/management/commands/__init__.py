"""Sending, pruning and a new epoch, by hand or from a cron job."""
