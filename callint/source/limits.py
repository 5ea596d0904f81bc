"""How much of an untrusted tree is read before a finding says that the rest was not."""

from __future__ import annotations

import sys

from callint.record import NamedTuple


class Limits(NamedTuple):
    """Bounds of the work, as `limits` in callint.yaml sets them; whenever one is hit a finding says so.

    Of one file:
    `file_bytes`: a longer file is not read at all (kubectl itself stops at 10 MB a document).
    `documents`: documents read of one file.
    `nesting`: depth of lists and mappings; what is deeper is left out, so that later stages may recurse.
    `alias_nodes`: nodes that all aliases of one file may stand for, which bounds every later walk over the values.
    `broken`: documents of one file that cannot be read; after so many the rest of it is left alone.
    `problems`: problems of one kind told of one file; the last one says how many more there are.

    Of what stands in the files:
    `selector_length`: characters of a selector; a longer one is not read.
    `comparisons`: how often a rule of a cluster is compared with one before it, about a microsecond each; sets of
    packets count for a hundred. A cluster of 10,000 objects takes a twentieth of them, one of 100,000 three fifths.
    As many steps there are for the pairs of nodes and peers that have BGP sessions, and for the routes that these
    exchange, and for selectors, by their size, that are compared with each other or with labels of host endpoints.
    `expression_seconds`: wall-clock time that a rule with an expression of the user's may take in one cluster.
    """

    file_bytes: int = 16 * 1024 * 1024
    documents: int = 20_000
    nesting: int = 100
    alias_nodes: int = 100_000
    problems: int = 100
    broken: int = 1_000
    selector_length: int = 100_000
    comparisons: int = 1_000_000
    expression_seconds: int = 10

    def too_many(self, compared: str) -> str:
        """Why something was not examined: so much is to be compared that `comparisons` are not enough."""
        return f"more than {self.comparisons:,} comparisons of {compared} would be needed"


UNLIMITED = Limits(*[sys.maxsize] * len(Limits._fields))
"""For text that was read within limits before."""
