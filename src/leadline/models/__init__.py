"""Paid model calls: each reply kept, each budget kept before the call that would pass it."""
