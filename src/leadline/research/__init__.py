"""Pure thought: answers questions from evidence. No input or output happens below this package.

``engine`` is the plot, ``ports`` what it needs from the world, ``model`` the plain values that pass
between its steps.
"""
