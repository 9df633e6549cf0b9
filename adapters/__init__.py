"""Platforms: where messages come from and replies are shown."""
