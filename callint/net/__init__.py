"""Addresses, intervals, prefixes and packets: the set algebra and the value grammars, which know no Calico object."""
