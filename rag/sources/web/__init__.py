"""Web pages as a source."""
