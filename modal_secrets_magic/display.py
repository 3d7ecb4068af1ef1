"""What the user sees: one table, as HTML where it can be shown and as honest text everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from html import escape

from .checks import Level
from .injection import Environment, InjectedVariable
from .masks import Masks
from .views import Checked, FunctionStatus, SecretList, Status

_CELL = "text-align:left;padding:.25em 1em .25em 0;vertical-align:top"


@dataclass(frozen=True)
class Table:
    """A titled table with notes below. The columns named in `code` are set in a fixed pitch."""

    title: str
    aside: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()
    code: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        table = [self.columns, *self.rows] if self.rows else []
        widths = (
            [max(len(row[place]) for row in table) for place in range(len(self.columns))]
            if table
            else []
        )
        lines = [f"{self.title}   {self.aside}".rstrip()]
        lines += [
            "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in table
        ]
        return "\n".join([*lines, *self.notes])

    def _repr_html_(self) -> str:
        head = "".join(
            f'<th scope="col" style="{_CELL}">{escape(name.capitalize())}</th>'
            for name in self.columns
        )
        body = "".join(f"<tr>{''.join(self._html_cells(row))}</tr>" for row in self.rows)
        aside = f" <small>{escape(self.aside)}</small>" if self.aside else ""
        notes = "".join(f"<div><small>{escape(note)}</small></div>" for note in self.notes)
        table = (
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            if self.rows
            else ""
        )
        return f"<div><strong>{escape(self.title)}</strong>{aside}{table}{notes}</div>"

    def _html_cells(self, row: Sequence[str]) -> list[str]:
        cells = []
        for name, cell in zip(self.columns, row, strict=True):
            text = escape(cell)
            shown = f"<code>{text}</code>" if name in self.code and cell not in {"", "–"} else text
            cells.append(f'<td style="{_CELL}">{shown}</td>')
        return cells


def secret_list(secrets: SecretList, now: datetime | None = None, most: int = 0) -> Table:
    """Show the secrets of an environment: names, keys and times; at most so many, if given."""
    total = len(secrets.secrets)
    now = now or datetime.now(timezone.utc)
    rows = [
        (
            each.name,
            "  ".join(each.keys),
            ago(each.created_at, now),
            ago(each.last_used, now) if each.last_used else "never",
        )
        for each in secrets.secrets[: most or total]
    ]
    notes = []
    if len(rows) < total:
        notes = [f"… and {total - len(rows):,} more: %modal_secret list PATTERN"]
    if not rows:
        matching = f" matches {secrets.pattern!r}" if secrets.pattern else " is here yet"
        notes = [f"No secret{matching}. To create one: %modal_secret create NAME KEY"]
    return Table(
        f"Secrets · {secrets.workspace} · {secrets.environment}",
        count(total, "secret") if rows else "",
        ("SECRET", "KEYS", "CREATED", "LAST USED"),
        rows,
        notes,
        frozenset({"KEYS"}),
    )


def environment(shown: Environment) -> Table:
    """Show the injected environment of a function, every value masked."""
    rows = [
        (
            each.key,
            each.masked or "–",
            each.fingerprint or "–",
            each.source,
            "; ".join(_notes(each)),
        )
        for each in shown.variables
    ]
    aside = f"{count(len(rows), 'key')} from {count(len(shown.secrets), 'secret')}"
    notes = (
        [] if rows else ["Nothing is injected. To bind secrets: %modal_secret bind FUNCTION SECRET"]
    )
    return Table(
        f"{shown.title} · {shown.workspace} · {shown.environment}",
        aside,
        ("KEY", "VALUE", "FINGERPRINT", "FROM", "NOTE"),
        rows,
        notes,
        frozenset({"KEY", "VALUE", "FINGERPRINT"}),
    )


def status(shown: Status) -> Table:
    """Show the workspace and what is bound."""
    rows = [
        (
            each.name,
            "  ".join(each.secrets) or "–",
            each.environment,
            _state(each),
        )
        for each in shown.functions
    ]
    defaults = ", ".join(shown.defaults)
    notes = [*shown.notes]
    notes += [f"Secrets of every later cell: {defaults}"] if defaults else []
    if not rows:
        notes.append("No function is bound yet: begin a cell with %%modal_secret SECRET")
    if any(each.stale for each in shown.functions):
        notes.append(
            "Stale: a secret has changed since the containers started: %modal_secret restart"
        )
    if shown.protection:
        notes.append(f"Between containers: {shown.protection}")
    return Table(
        f"{shown.workspace} · {shown.environment}",
        count(len(rows), "bound function") if rows else "",
        ("FUNCTION", "SECRETS", "ENVIRONMENT", "APP"),
        rows,
        notes,
        frozenset({"FUNCTION"}),
    )


def checked(shown: Checked) -> Table:
    """Show what was found about functions, the worst first."""
    rows = [
        (name, each.level.value, each.what, each.next_step or "–")
        for name, findings in shown.functions
        for each in findings
    ]
    levels = [row[1] for row in rows]
    aside = ", ".join(
        count(levels.count(level.value), level.value) for level in Level if level.value in levels
    )
    fine = [name for name, findings in shown.functions if not findings]
    notes = [f"Nothing to say about {', '.join(fine)}"] if fine else []
    if not shown.functions:
        notes.append("No function is bound yet: begin a cell with %%modal_secret SECRET")
    return Table(
        f"Check · {shown.workspace}",
        aside,
        ("FUNCTION", "LEVEL", "WHAT", "WHAT TO DO"),
        rows,
        notes,
        frozenset({"FUNCTION"}),
    )


def masking(masks: Masks) -> Table:
    """Show which keys' values are masked in output, and which are not, and why."""
    keys = masks.keys_known()
    rows = [
        (each.key, ", ".join(each.origins), each.coverage.value or "masked in all forms")
        for each in keys
    ]
    notes = []
    if not masks.enabled:
        notes.append("Nothing is masked in this notebook. Back on: %modal_secret mask on")
    if masks.left_alone:
        notes.append(f"Shown as you asked: {', '.join(masks.left_alone)}")
    if not keys:
        notes.append(
            "No value is known yet. Those of a function are learned at its first call; "
            "to mask a variable: %modal_secret mask add VAR"
        )
    elif masks.engine == "re":
        notes.append("Large outputs are searched faster with: pip install hyperscan")
    return Table(
        f"Masking · {'on' if masks.enabled else 'off'}",
        count(len(rows), "key") if rows else "",
        ("KEY", "KNOWN FROM", "IN OUTPUT"),
        rows,
        notes,
        frozenset({"KEY"}),
    )


def _state(function: FunctionStatus) -> str:
    if not function.running:
        return "at rest"
    return "running, stale" if function.stale else "running"


def count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def ago(then: datetime, now: datetime) -> str:
    """Say how long ago something was, in its largest unit."""
    seconds = max(0, int((now - then).total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return "just now"


def _notes(each: InjectedVariable) -> list[str]:
    notes = []
    if each.overrides:
        notes.append(f"overrides {', '.join(each.overrides)}")
    if each.coverage:
        notes.append(each.coverage)
    if each.absent:
        notes.append("not set in the container")
    return notes
