"""The two versions that are compared: where their code and their packages come from."""
