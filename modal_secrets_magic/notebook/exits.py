"""Every way out of a notebook's process, masked from the first value on that is to be."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from ..kernels import Listener
from ..masks import Masks
from .descriptors import Descriptors
from .outputs import Door
from .records import mask_records
from .terminal import Terminal


def mask_exits(shell: Any, masks: Masks, undo: ExitStack) -> Callable[[], None]:
    """Mask what leaves this process until `undo` is closed; return what waits for what is on its
    way, as at the end of a cell.
    """
    mask_records(shell, masks, undo)
    with contextlib.suppress(Exception):  # a save goes on without this kernel's answer
        Listener(masks, undo)
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return Terminal(shell, masks, undo).settle
    Door(kernel.session, masks, undo)
    if os.name != "posix":  # where ipykernel leaves descriptors alone
        return lambda: None
    return Descriptors(masks, undo).settle
