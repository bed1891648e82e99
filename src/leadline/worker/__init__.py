"""The worker: takes admitted signals off the queue and sees them through."""

from leadline.worker.running import run_worker

__all__ = ["run_worker"]
