"""What BIRD does on every node: sessions, filters, what is exported and imported, and why."""
