"""The tests; a package, so that they can share cases and tools."""
