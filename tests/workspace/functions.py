"""Functions that tests of containers call."""

from typing import Any

import modal


def waiter(app: modal.App) -> Any:
    """A function that takes as long as it is told to."""

    @app.function(serialized=True)
    def wait(seconds: float) -> float:
        import time

        time.sleep(seconds)
        return seconds

    return wait
