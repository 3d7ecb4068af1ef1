"""The routes, in a server of this process."""
