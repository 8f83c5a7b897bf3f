"""What has to be exact at the end of a row, whatever its times were."""
