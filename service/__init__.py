"""Composition root: settings, wiring, jobs, supervised servers, command line."""
