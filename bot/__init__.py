"""The assistant itself: settings, wiring, the path of a message, the command line."""
