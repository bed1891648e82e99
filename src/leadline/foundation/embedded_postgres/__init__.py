"""An embedded PostgreSQL server: real PostgreSQL, started on first use, stopped by its last user."""

from leadline.foundation.embedded_postgres.binaries import Installation, find_installations
from leadline.foundation.embedded_postgres.server import EmbeddedServer

__all__ = ["EmbeddedServer", "Installation", "find_installations"]
