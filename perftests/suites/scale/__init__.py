"""Row S: as many sockets as a machine takes, over several processes behind a proxy."""
