"""The key that encrypts the store, and encryption with it."""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import Callable
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..errors import StoreLocked
from .paths import WorkspacePaths, write_private

_SERVICE = "modal-secrets-magic"
_NONCE_BYTES = 12

#: Set to `file` to keep the key beside the store even where a system keyring works.
KEYRING_VARIABLE = "MODAL_SECRETS_KEYRING"


class Vault:
    """Encrypts and decrypts with AES-256-GCM under one key.

    Each value is bound to its place (`context`), so that a ciphertext moved to another row of
    the store does not decrypt.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def encrypt(self, value: str, context: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(
            nonce, value.encode("utf-8", "surrogatepass"), context.encode()
        )

    def decrypt(self, sealed: bytes, context: str) -> str:
        nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            plain = self._cipher.decrypt(nonce, ciphertext, context.encode())
        except InvalidTag:
            raise StoreLocked(
                "The local workspace's store was encrypted with another key than the one found.",
                "Unlock the keyring that holds it, or move the store away to begin a new one.",
            ) from None
        return plain.decode("utf-8", "surrogatepass")


def open_vault(paths: WorkspacePaths) -> Vault:
    """Return the vault of a workspace, making its key at the first use.

    The key lives in the system keyring where one works, else in a file of mode 0600 in a folder
    of mode 0700. A key file that is there wins: a keyring that appears later must not make an
    existing store unreadable.
    """
    account = str(paths.home)
    if paths.key.exists():
        text: str | None = paths.key.read_text()
    else:
        text = _keyring_call(lambda keyring: keyring.get_password(_SERVICE, account))
    if text is None:
        if paths.store.exists():
            # Its key is in a keyring that cannot be reached now; a new one would lock it for good.
            raise StoreLocked(
                f"The key of the store in {paths.home} is in a keyring that cannot be reached.",
                "Unlock the keyring, or move the folder away to begin a new store.",
            )
        text = base64.b64encode(AESGCM.generate_key(bit_length=256)).decode()
        if not _keep_in_keyring(account, text):
            write_private(paths.key, text)
    return Vault(base64.b64decode(text))


def _keep_in_keyring(account: str, text: str) -> bool:
    _keyring_call(lambda keyring: keyring.set_password(_SERVICE, account, text))
    # Some back ends take a password and lose it: only what reads back is kept.
    return _keyring_call(lambda keyring: keyring.get_password(_SERVICE, account)) == text


def _keyring_call(call: Callable[[Any], str | None]) -> str | None:
    """Ask the system keyring; None where there is none that works."""
    if os.environ.get(KEYRING_VARIABLE) == "file":
        return None
    import keyring

    if keyring.get_keyring().priority < 1:  # the null and fail back ends
        return None
    # Back ends raise whatever their platform does (D-Bus, security framework, KWallet).
    with contextlib.suppress(Exception):
        return call(keyring)
    return None
