"""Clients, profiles and environments."""

from __future__ import annotations

from typing import Any, cast

from google.protobuf.empty_pb2 import Empty

from ..background import beside_loop
from ..errors import InvalidOption
from ..modal_errors import translated
from .loaded import api_pb2, call, modal, synchronizer


def open_client(url: str, token_id: str, token: str) -> Any:
    """Return an open `modal.Client` for a server and a token (`_Client.__init__`, `_open`)."""
    client = modal.Client(url, api_pb2.CLIENT_TYPE_CLIENT, (token_id, token))
    beside_loop(client.__enter__)
    return client


def client_from_env() -> Any:
    """Return the client that Modal makes from the environment and its configuration file, and
    which plain `modal` calls use from then on.
    """
    before = _default_client()
    set_default_client(None)  # else it would be handed back, whichever it is
    try:
        with translated("Modal"):
            return beside_loop(modal.Client.from_env)
    except BaseException:
        set_default_client(before)
        raise


def client_of_profile(profile: str) -> Any:
    """Return a client for a profile of the configuration file."""
    url = _profile_setting(profile, "server_url")
    token_id, token = (_profile_setting(profile, name) for name in ("token_id", "token_secret"))
    return open_client(url, token_id, token)


def server_urls(profile: str = "") -> list[str]:
    """Return where Modal's server is, for a profile or as the environment says; the setting
    holds several, separated by commas.
    """
    setting = _profile_setting(profile, "server_url") if profile else _config().get("server_url")
    return [url.strip() for url in str(setting).split(",")]


def _profile_setting(profile: str, name: str) -> str:
    """Read a profile's setting (`config.get(profile=)`, `_user_config`)."""
    from modal.config import _user_config

    if profile not in _user_config:
        known = ", ".join(_user_config) or "none"
        raise InvalidOption(
            f"No Modal profile is named {profile!r}; profiles: {known}.",
            "Use %modal_secret workspace local, modal, or one of these profiles.",
        )
    return _config().get(name, profile=profile, use_env=False) or ""


def _config() -> Any:
    from modal.config import config

    return config


def set_default_client(client: Any | None) -> None:
    """Make plain `modal` calls in this process use `client` (`_Client._set_env_client`)."""
    setter = getattr(modal.Client, "_set_env_client", None) or modal.Client.set_env_client
    setter(client)


def _default_client() -> Any | None:
    """Return what plain `modal` calls use so far (`_Client._client_from_env`)."""
    current = synchronizer._translate_in(modal.Client)._client_from_env
    return None if current is None else synchronizer._translate_out(current)


def close_client(client: Any) -> None:
    """Close a client; plain `modal` calls that used it go by the environment again."""
    if _default_client() is client:
        set_default_client(None)
    beside_loop(client.close)


def profiles() -> list[str]:
    """Return the names of the profiles in Modal's configuration file (`_user_config`)."""
    from modal.config import _user_config

    return list(_user_config)


def default_environment(client: Any) -> str:
    """Return the name of the environment a client uses when none is named."""
    request = api_pb2.EnvironmentGetOrCreateRequest(
        deployment_name=modal.config.config.get("environment") or ""
    )
    return cast("str", call(client, "EnvironmentGetOrCreate", request).metadata.name)


def environment_names(client: Any) -> list[str]:
    """Return the names of the workspace's environments (`EnvironmentList`)."""
    return sorted(item.name for item in call(client, "EnvironmentList", Empty()).items)
