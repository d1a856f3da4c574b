"""Suites out of published data: each importer reads one layout from a path and gives items, documents and answers."""
