"""Questions about IP pools and the addresses that pods get."""
