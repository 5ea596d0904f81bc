"""`callint facts`: what manifests cannot say about a node, as YAML."""

from __future__ import annotations

import click

from callint.cli import inputs, output

SOURCES = {
    "address": "`ip -details -json address`",
    "route": "`ip -json route`",
    "route6": "`ip -json -6 route`",
    "forwarding": "`sysctl -a`, or `grep . /proc/sys/net/ipv[46]/conf/*/*forwarding`",
    "sockets": "`ss -H -lntuwp`",
    "firewall": "`iptables -S` or `iptables-save`",
}


@click.command(
    "facts",
    epilog="""\b
Examples:
  callint facts > facts/router.yaml
  ssh router ip -details -json address | callint facts --node router --address -
""",
)
@click.option("--node", metavar="NAME", help="Name of the Kubernetes node; else this machine's host name.")
@click.option("--address", type=inputs.FILE, metavar="FILE", help=f"Saved output of {SOURCES['address']}.")
@click.option("--route", type=inputs.FILE, metavar="FILE", help=f"Saved output of {SOURCES['route']}.")
@click.option("--route6", type=inputs.FILE, metavar="FILE", help=f"Saved output of {SOURCES['route6']}.")
@click.option("--forwarding", type=inputs.FILE, metavar="FILE", help=f"Saved output of {SOURCES['forwarding']}.")
@click.option("--sockets", type=inputs.FILE, metavar="FILE", help=f"Saved output of {SOURCES['sockets']}.")
@click.option("--firewall", type=inputs.FILE, metavar="FILE", help=f"Saved output of {SOURCES['firewall']}.")
@click.option(
    "--workload-prefix",
    "prefixes",
    metavar="TEXT",
    multiple=True,
    default=("cali",),
    show_default=True,
    help="How the names of workload interfaces begin.",
)
@click.option("--workloads", is_flag=True, help="Print the interfaces of workloads too.")
def command(node: str | None, prefixes: tuple[str, ...], workloads: bool, **files: str | None) -> None:
    """Print the facts of a node: of this machine, or from saved outputs, so that callint needs no login anywhere.

    With a saved output given, nothing is asked of this machine, and --node is required.
    """
    from callint.facts.collector import collect
    from callint.facts.emitter import render
    from callint.facts.machine import local

    saved = {name: _read(path) for name, path in files.items() if path is not None}
    try:
        if saved:
            if node is None:
                output.fail("saved outputs do not name their node, --node must")
            facts = collect(node, **saved, workload_prefixes=prefixes, workloads=workloads)
        else:
            facts = local(node, workload_prefixes=prefixes, workloads=workloads)
    except ValueError as error:
        output.fail(str(error))
    output.write(render(facts))


def _read(path: str) -> str:
    """A saved output, from a file or, with `-`, from standard input."""
    from callint.facts.iproute import LONGEST_TEXT
    from callint.finding import Problem
    from callint.source.discover import STDIN, Place

    if not path:
        output.fail("a saved output cannot be read: an empty path leads to no file")
    read = Place("", STDIN).read(LONGEST_TEXT, None) if path == "-" else Place(path, path).read(LONGEST_TEXT, None)
    if isinstance(read, Problem):
        output.fail(f"{read.span.file}: {read.message}")
    return read.decode("utf-8", "replace")
