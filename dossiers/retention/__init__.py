"""What is erased after a time, kind by kind, each by its own rule; and what never is."""
