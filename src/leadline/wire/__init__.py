"""The wire without a framework: operations as declarations, reading of input, page shapes, errors.

Rooms declare here what they offer (``endpoints.py``) in types of their own (``schemas.py``); routes and the
OpenAPI document are made from the declarations by ``leadline.api``.
"""
