"""One `perf`: the manager starts the worker that measures, hears its events and stores them."""
