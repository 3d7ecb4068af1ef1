"""The first code of a container, which runs in the client's interpreter.

Standard library only, but for the `modal` that is imported there anyway: the interpreter may not
have this package. It gets here by path (`processes.py`), under the name `container_side`.
"""
