"""Data of real problems, made from a seed: small, fast, and with what only their maker knows."""
