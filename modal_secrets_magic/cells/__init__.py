"""What a cell's source says. Static: nothing here executes a cell."""
