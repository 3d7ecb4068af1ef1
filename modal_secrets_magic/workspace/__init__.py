"""The embedded local workspace: Modal's protocol on a loopback port, in a process of its own.

The unmodified `modal` client talks to it, and functions run in Modal's own container runtime.
What each RPC must answer was read from the client's source, version 1.6.4.
"""
