"""Customer.io's stand-in: takes Track API calls, keeps the workspace they make, and shows it."""
