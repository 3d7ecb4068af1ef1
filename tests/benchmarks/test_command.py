"""The command that measures, on small sizes; and that the documentation says what it kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.growth import Curve
from benchmarks.profile import SLOWEST
from benchmarks.results import BLOCK, PARTS, RESULTS, Results
from benchmarks.slow_modal import SlowModal
from modal_secrets_magic.catalog import Catalog
from modal_secrets_magic.connection import Connection
from modal_secrets_magic.errors import WorkspaceUnavailable
from modal_secrets_magic.workspace import launcher
from modal_secrets_magic.workspace.paths import WorkspacePaths
from modal_secrets_magic.workspace.tokens import read_token, token_id_for

ROOT = Path(__file__).parents[2]


@pytest.mark.browser
def test_every_part_runs_and_its_results_are_kept(tmp_path: Path) -> None:
    into = tmp_path / "results.json"
    environment = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--into", into],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    measured, kept = Results(into), Results()
    assert list(json.loads(into.read_text())) == list(PARTS)
    # What is published was measured by the command as it is now.
    for part in PARTS:
        assert len(measured.of(part)) == len(kept.of(part)), part
    compared = [each for each in measured.rows() if each.instead]
    assert len(compared) > 20
    for each in compared:
        assert each.ratio
        assert each.ratio.low <= each.ratio.median <= each.ratio.high
        assert each.here.low <= each.here.median <= each.here.high
    assert {each.of for each in measured.curves()} == {
        "secrets", "functions", "bytes", "containers", "notebooks"
    }  # fmt: skip
    assert len(measured.actions()) == SLOWEST


def test_the_readme_says_what_was_measured() -> None:
    assert BLOCK.read() == Results().readme(), BLOCK.command
    assert "shared cores" in RESULTS.read_text()


def test_a_power_is_recognized() -> None:
    from benchmarks.growth import curve

    made: Curve = curve("cubes", "things", (1, 10, 100, 1000), lambda size: 5.0 * size**3)
    assert made.exponent == pytest.approx(3)
    assert made.last == pytest.approx(3)


@pytest.mark.parametrize("says_when", [True, False], ids=["says when", "says only no"])
def test_a_workspace_that_asks_for_fewer_requests_is_asked_again(
    paths: WorkspacePaths, monkeypatch: pytest.MonkeyPatch, says_when: bool
) -> None:
    """Four requests a second are let through, and all of ten readings are answered."""
    modal = SlowModal(launcher.ensure(paths).port, 0.0, 4.0, says_when=says_when)
    with modal.serve() as address:
        connection = _connection(address, paths, monkeypatch)
        catalog = Catalog(connection)
        assert [catalog.search() for _ in range(10)] == [[]] * 10
        assert modal.refused
        connection.close()


def test_a_workspace_that_never_permits_is_said(
    paths: WorkspacePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    modal = SlowModal(launcher.ensure(paths).port, 0.0, 100.0, says_when=False)
    with modal.serve() as address:
        connection = _connection(address, paths, monkeypatch)
        catalog = Catalog(connection)
        assert catalog.search() == []
        modal.limit = 0.0
        with pytest.raises(WorkspaceUnavailable, match="asks for fewer requests"):
            catalog.search()
        connection.close()


def _connection(address: str, paths: WorkspacePaths, monkeypatch: pytest.MonkeyPatch) -> Connection:
    monkeypatch.setenv("MODAL_SERVER_URL", address)
    monkeypatch.setenv("MODAL_TOKEN_ID", token_id_for(sys.executable))
    monkeypatch.setenv("MODAL_TOKEN_SECRET", read_token(paths))
    return Connection("modal")
