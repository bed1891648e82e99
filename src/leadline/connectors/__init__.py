"""Connectors implement the ports of ``research``: one vendor a file, its errors translated at the border."""
