"""Whether a process is well: views for probes and for Prometheus, and the doctor."""
