"""Look through a notebook as it is saved: mask outputs, and warn of sources, or refuse them.

Only an `HTTPError` keeps Jupyter from saving; any fault of ours is logged, and the save goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tornado.web import HTTPError
from traitlets import Enum, Unicode
from traitlets.config import LoggingConfigurable

from ..errors import InvalidOption
from ..kernels import say
from ..scan import MASKABLE, Finding, scan_notebook

_ADVICE = (
    "Take it from os.environ instead, bound by %%modal_secret; to make a secret of a variable's "
    "value and rewrite its cell: %modal_secret lift VAR"
)


#: What may happen when a notebook with a value in it is saved.
MODES = ("warn", "refuse", "off")

#: What a page asks for in order to leave that to the server's configuration.
AS_CONFIGURED = "server"

#: Seconds that a page has to ask what a save found, before the notebook's kernel says it.
PATIENCE = 2.0

#: Notebooks whose last save is remembered.
_MOST = 200


@dataclass(frozen=True)
class Saved:
    """What the last save of a notebook found."""

    findings: tuple[Finding, ...] = ()
    refused: bool = False


class SaveGuard(LoggingConfigurable):
    """What happens when a notebook is saved with a value in it.

    Values in outputs and metadata are masked. A cell's source is never changed: the save goes
    through with a warning, or is refused.
    """

    mode = Enum(
        MODES,
        default_value="warn",
        help="What to do with a source that holds the value of a secret: `warn` saves it and says "
        "so, on the page or under the cell that ran last; `refuse` does not save it; `off` looks "
        "at nothing.",
    ).tag(config=True)

    advice = Unicode(_ADVICE, help="What the warning tells people to do.").tag(config=True)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._configured: str = self.mode
        self._saved: dict[str, Saved] = {}
        #: What was said of each notebook, so that saving it every two minutes says it once.
        self._said: dict[str, frozenset[Finding]] = {}
        #: Set when a page has asked what the last save of its notebook found.
        self._asked: dict[str, threading.Event] = {}

    @property
    def is_fixed(self) -> bool:
        """Whether the server's configuration says the mode, which no page then changes."""
        return "mode" in self.config.get(type(self).__name__, {})

    def choose(self, mode: str) -> None:
        """Take the mode that a page asks for; raise `InvalidOption` where it is fixed."""
        if mode == AS_CONFIGURED:
            mode = self._configured
        if self.is_fixed and mode != self.mode:
            raise InvalidOption(
                f"The server's configuration sets the save guard to {self.mode!r}.",
                "Whoever runs the server may change SaveGuard.mode.",
            )
        self.mode = mode

    def report(self, path: str) -> Saved:
        """Return what the last save of a notebook found; whoever asks shows it to the user."""
        path = path.lstrip("/")
        if path in self._asked:
            self._asked[path].set()
        return self._saved.get(path, Saved())

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
        refused = bool(held) and self.mode == "refuse"
        self._remember(path, Saved(tuple(findings), refused))
        if refused:
            listed = "; ".join(map(str, held))
            raise HTTPError(400, f"Not saved, for it holds a secret. {listed}. {self.advice}")
        self._warn(path, written)

    def _remember(self, path: str, saved: Saved) -> None:
        path = path.lstrip("/")
        self._saved.pop(path, None)
        self._saved[path] = saved
        while len(self._saved) > _MOST:
            self._saved.pop(next(iter(self._saved)))

    def _warn(self, path: str, written: Sequence[Finding]) -> None:
        path = path.lstrip("/")
        known = self._said.get(path)
        self._said[path] = frozenset(written)
        if not written or known == self._said[path]:
            return
        listed = "\n".join(f"  {each}" for each in written)
        text = f"{path} was saved with secrets in what you wrote:\n{listed}\n{self.advice}"
        asked = self._asked[path] = threading.Event()

        def say_unless_shown() -> None:
            if not asked.wait(PATIENCE):
                say(path, text)
            if self._asked.get(path) is asked:
                del self._asked[path]

        # A kernel that is busy answers later than a save should wait.
        threading.Thread(target=say_unless_shown, daemon=True).start()
