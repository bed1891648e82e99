"""The steps of the engine, one a file. Each takes plain values and returns plain values."""
