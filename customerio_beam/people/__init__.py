"""People by their identifiers: suppress, delete or unsubscribe them, and find them in dead letters. No Beam."""
