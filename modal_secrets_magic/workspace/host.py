"""The part of the host's environment that reaches the workspace and its containers."""

from __future__ import annotations

import os

#: Enough to run Python and reach the network, nothing a user keeps credentials in.
HOST_VARIABLES = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ",
    "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE",
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
)  # fmt: skip


def host_environment() -> dict[str, str]:
    """Return the allow-listed part of this process's environment."""
    return {name: os.environ[name] for name in HOST_VARIABLES if name in os.environ}


#: How the names begin that say where packages come from, and how to get there: for the server,
#: which installs what images ask for, and for nobody's container.
INSTALLER_VARIABLES = (
    "UV_", "PIP_INDEX", "PIP_EXTRA_INDEX", "PIP_FIND_LINKS", "PIP_CERT",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
)  # fmt: skip
