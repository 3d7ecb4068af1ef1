"""What runs inside a container, where this package is not installed: it travels by value."""
