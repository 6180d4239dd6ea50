"""Customer.io's rules as the sandbox knows them: pure functions on plain values, no server and no database."""
