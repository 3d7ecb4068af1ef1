"""Look through a notebook as it is saved: mask outputs, and warn of sources, or refuse them.

Only an `HTTPError` keeps Jupyter from saving; any fault of ours is logged, and the save goes on.
"""

from __future__ import annotations

import threading
from typing import Any

from tornado.web import HTTPError
from traitlets import Enum, Unicode
from traitlets.config import LoggingConfigurable

from ..kernels import say
from ..scan import MASKABLE, Finding, scan_notebook

_ADVICE = (
    "Take it from os.environ instead, bound by %%modal_secret; to make a secret of a variable's "
    "value and rewrite its cell: %modal_secret lift VAR"
)


class SaveGuard(LoggingConfigurable):
    """What happens when a notebook is saved with a value in it.

    Values in outputs and metadata are masked. A cell's source is never changed: the save goes
    through with a warning, or is refused.
    """

    mode = Enum(
        ("warn", "refuse", "off"),
        default_value="warn",
        help="What to do with a source that holds the value of a secret: `warn` saves it and says "
        "so under the cell that ran last, `refuse` does not save it; `off` looks at nothing.",
    ).tag(config=True)

    advice = Unicode(_ADVICE, help="What the warning tells people to do.").tag(config=True)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        #: What was said of each notebook, so that saving it every two minutes says it once.
        self._said: dict[str, frozenset[Finding]] = {}

    def look_through(self, model: dict[str, Any], path: str = "", **_: Any) -> None:
        """Jupyter's pre-save hook: `model` is what will be saved, and may be changed."""
        if self.mode == "off" or model.get("type") != "notebook" or not model.get("content"):
            return
        try:
            findings, silent = scan_notebook(model["content"], change=True)
        except Exception as error:
            self.log.warning("%s is saved without a look: %s", path, type(error).__name__)
            return
        if silent:
            self.log.warning("%s: %d busy kernels could not be asked for values", path, silent)
        for each in findings:
            self.log.warning("%s: %s", path, each)
        written = [each for each in findings if each.part not in MASKABLE]
        held = [each for each in written if not each.what.startswith("looks like")]
        if held and self.mode == "refuse":
            listed = "; ".join(map(str, held))
            raise HTTPError(400, f"Not saved, for it holds a secret. {listed}. {self.advice}")
        self._warn(path, written)

    def _warn(self, path: str, written: list[Finding]) -> None:
        known = self._said.get(path)
        self._said[path] = frozenset(written)
        if not written or known == self._said[path]:
            return
        listed = "\n".join(f"  {each}" for each in written)
        text = f"{path} was saved with secrets in what you wrote:\n{listed}\n{self.advice}"
        # A kernel that is busy answers later than a save should wait.
        threading.Thread(target=say, args=(path.lstrip("/"), text), daemon=True).start()
