"""Language models: one module a way of reaching them.

``choice`` reads ``PROVIDER:NAME``; ``choosing`` builds the model; ``pydantic_ai_model`` speaks to services;
``gguf`` runs a model file in a child process of ours; ``fake`` behaves as it is told.
"""
