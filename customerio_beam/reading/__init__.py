"""Bytes of files and messages to the events in them. Imports no Beam."""
