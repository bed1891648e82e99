"""The worker: takes what is due and sees it through."""

from leadline.worker.running import run_worker

__all__ = ["run_worker"]
