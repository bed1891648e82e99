"""Directories of people: one vendor each, behind ``research.people.PeopleDirectory``."""
