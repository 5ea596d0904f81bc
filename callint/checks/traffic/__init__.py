"""Questions about what must get through, or must not: traffic classes, their places and their packets."""
