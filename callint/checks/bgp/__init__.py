"""Questions about BGP: peers, sessions, filters, what is announced."""
