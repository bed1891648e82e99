"""Secrets that must be read again, such as the ones webhooks are signed with, are stored encrypted.

The key is ``LEADLINE_SECRET_KEY``; without it, a file in the data folder that only its owner may read, made
on first use. Processes on several machines need the same key, so there it must be set.

A key is changed by putting a new one in front of it: the first key encrypts, all of them decrypt, until
``leadline secrets reseal`` has encrypted everything anew and the old one can go.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from leadline.foundation.errors import ConfigurationError

FILE = "secret.key"


class Vault:
    """Encrypts and decrypts (AES-128-CBC with HMAC-SHA256, the Fernet format).

    ``keys``: the one that encrypts, and after it, separated by commas or white space, older ones that still decrypt.
    """

    def __init__(self, keys: str | bytes) -> None:
        text = keys.decode("ascii", "replace") if isinstance(keys, bytes) else keys
        try:
            each = [Fernet(key) for key in text.replace(",", " ").split()]
            self._fernet = MultiFernet(each)
        except ValueError as error:
            raise ConfigurationError(
                "LEADLINE_SECRET_KEY must be 32 bytes in URL-safe base64 (older keys may follow, with commas); make "
                'one with: python -c "import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())"'
            ) from error

    def seal(self, secret: bytes) -> bytes:
        return self._fernet.encrypt(secret)

    def open(self, sealed: bytes) -> bytes:
        """Raises ConfigurationError when it was sealed with none of the keys."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken as error:
            raise ConfigurationError(
                "A stored secret was encrypted with another key: put the old key behind the new one "
                "(LEADLINE_SECRET_KEY=NEW,OLD) and run `leadline secrets reseal`, or make the secret anew."
            ) from error

    def reseal(self, sealed: bytes) -> bytes:
        """The same secret, encrypted with the first key. Raises ConfigurationError as ``open`` does."""
        return self.seal(self.open(sealed))


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
