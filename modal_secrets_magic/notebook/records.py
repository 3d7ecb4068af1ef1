"""What IPython keeps of outputs on disk by itself: `%logstart -o`, and outputs in the history.

Neither is shown, so neither passes the door. Seen in IPython 7.34 to 9.18.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from ..masks import Masks


def mask_records(shell: Any, masks: Masks, undo: ExitStack) -> None:
    """Have both get outputs masked, until `undo` is closed. What was typed is the user's text."""
    if "_logger" not in vars(shell):  # IPython 9 makes it when it is first asked for
        undo.callback(vars(shell).pop, "_logger", None)
    logger, history = shell.logger, shell.history_manager
    write = logger.log_write

    def log_write(data: str, kind: str = "input") -> None:
        write(masks.mask(data) if kind == "output" else data, kind)

    logger.log_write = log_write
    undo.callback(vars(logger).pop, "log_write", None)
    if history is None:
        return
    store = history.store_output

    def store_output(line_num: int) -> None:
        outputs = history.output_hist_reprs
        if line_num in outputs:
            outputs[line_num] = masks.mask(outputs[line_num])
        store(line_num)

    history.store_output = store_output
    undo.callback(vars(history).pop, "store_output", None)
