"""What of the documentation is made from code, results and imports."""
