"""Contacts: the people an organisation brought along, those that companies name themselves, and the search for them."""
