"""What the API counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900)


class Metrics:
    """Counts of one API process. Paths are counted by their template, so ids do not make new series."""

    def __init__(self, waiting: Callable[[], int] | None = None) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "leadline_http_requests",
            "Requests answered.",
            ("method", "path", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "leadline_http_request_seconds",
            "Seconds until a request was answered; waiting is part of it.",
            ("path",),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._refused = Counter(
            "leadline_http_requests_limited", "Requests refused by a key's limit.", registry=self._registry
        )
        self._series: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._open = Gauge("leadline_http_requests_open", "Requests under way.", registry=self._registry)
        self.open = 0
        self._open.set_function(lambda: self.open)
        if waiting is not None:
            gauge = Gauge(
                "leadline_waiting_requests", "Requests waiting for a signal.", registry=self._registry
            )
            gauge.set_function(waiting)

    def answered(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count a request. ``method`` and ``path`` must come from a small set."""
        series = self._series.get((method, path, status))
        if series is None:
            series = self._requests.labels(method, path, str(status)), self._seconds.labels(path)
            self._series[method, path, status] = series
        series[0].inc()
        series[1].observe(seconds)

    def limited(self) -> None:
        self._refused.inc()

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self._registry)
