"""Are there Modal credentials? Answered without importing `modal`, and without writing anything.

The ways are those of `modal.config` and `modal.Client.from_env`, seen in 1.6.4: environment
variables, or the active profile of the configuration file.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_TOKEN = ("token_id", "token_secret")
_OAUTH = ("oauth_refresh_token", "oauth_client_id")


def config_path() -> Path:
    """Return where Modal keeps its configuration."""
    return Path(os.environ.get("MODAL_CONFIG_PATH") or "~/.modal.toml").expanduser()


def _read_config() -> dict[str, Any] | None:
    """Return the profiles, none when there is no file, or None when Modal could not read it."""
    try:
        profiles = tomllib.loads(config_path().read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        return {} if config_path() == Path(os.devnull) else None
    return profiles if all(isinstance(each, dict) for each in profiles.values()) else None


def is_config_readable() -> bool:
    """Tell whether importing `modal` would get past its configuration file."""
    return _read_config() is not None


def have_credentials() -> bool:
    """Tell whether Modal would find credentials."""
    for setting in (_TOKEN, _OAUTH):
        if all(os.environ.get(f"MODAL_{name.upper()}") for name in setting):
            return True
    profiles = _read_config() or {}
    active = next(
        (name for name, each in profiles.items() if each.get("active") is True), "default"
    )
    profile = profiles.get(os.environ.get("MODAL_PROFILE") or active, {})
    return any(all(profile.get(name) for name in setting) for setting in (_TOKEN, _OAUTH))


def points_at_local_workspace() -> bool:
    """Tell whether the environment is the one `modal-secrets workspace exec` makes."""
    return os.environ.get("MODAL_TOKEN_ID", "").startswith("local.")
