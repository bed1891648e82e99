"""Secrets that must be read again, such as the ones webhooks are signed with, are stored encrypted.

The key is ``LEADLINE_SECRET_KEY``; without it, a file in the data folder that only its owner may read, made
on first use. Processes on several machines need the same key, so there it must be set.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from leadline.foundation.errors import ConfigurationError

FILE = "secret.key"


class Vault:
    """Encrypts and decrypts (AES-128-CBC with HMAC-SHA256, the Fernet format)."""

    def __init__(self, key: str | bytes) -> None:
        try:
            self._fernet = Fernet(key)
        except ValueError as error:
            raise ConfigurationError(
                "LEADLINE_SECRET_KEY must be 32 bytes in URL-safe base64; make one with: "
                'python -c "import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())"'
            ) from error

    def seal(self, secret: bytes) -> bytes:
        return self._fernet.encrypt(secret)

    def open(self, sealed: bytes) -> bytes:
        """Raises ConfigurationError when it was sealed with another key."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken as error:
            raise ConfigurationError(
                "A stored secret was encrypted with another key: give LEADLINE_SECRET_KEY its old value, "
                "or make the secret anew."
            ) from error


def open_vault(key: str | None, data_dir: Path) -> Vault:
    """The vault of this installation. Raises ConfigurationError."""
    if key is not None:
        return Vault(key)
    path = data_dir / FILE
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        return Vault(path.read_bytes())
    except FileNotFoundError:
        pass
    with tempfile.NamedTemporaryFile(dir=data_dir, prefix=f".{FILE}.") as made:  # for its owner only
        made.write(Fernet.generate_key())
        made.flush()
        with contextlib.suppress(FileExistsError):
            os.link(made.name, path)  # the first one wins, and the file is never seen half written
    return Vault(path.read_bytes())
