"""Imported by `bundled`, so that the bundle must carry it."""

GREETING = "hello from a module"
