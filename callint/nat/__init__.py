"""Address translation: what Calico masquerades, and whose addresses a pool really holds."""
