"""Redis, PostgreSQL and a disk of a test's own, to be broken."""
