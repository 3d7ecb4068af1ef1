"""What stands for a bound function inside a container: plain calls, and calls through Modal."""

from __future__ import annotations

import functools


class FunctionHandle:
    """The notebook's `f` as another function's container sees it.

    `f(3)` runs the function's code right there, and `f.remote(3)` in a container of its own,
    where Modal knows the function.
    """

    def __init__(self, function, modal_function):  # type: ignore[no-untyped-def]
        functools.update_wrapper(self, function)
        self._modal_function = modal_function

    def __call__(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        return self.__wrapped__(*args, **kwargs)

    def __getattr__(self, name):  # type: ignore[no-untyped-def]
        modal_function = self.__dict__.get("_modal_function")
        if modal_function is None:
            raise AttributeError(name)
        return getattr(modal_function, name)
