"""Unipile: people of LinkedIn's Sales Navigator, by the session of an account that its owner linked there (API v1).

Paths, members and kinds of errors as stated in Unipile's reference, version 1. LinkedIn's terms forbid automated
access, and may cost the owner the account: nothing is asked unless an operator has linked one.
"""
