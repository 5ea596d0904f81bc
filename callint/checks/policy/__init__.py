"""Questions about policies, rules and their selectors."""
