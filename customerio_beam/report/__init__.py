"""Reports for a terminal, and as one HTML page that needs nothing else. No Beam."""
