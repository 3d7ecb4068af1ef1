"""How values are hidden. Standard library only: these modules also run inside containers."""
