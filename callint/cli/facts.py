"""`callint facts`: what manifests cannot say about a node, as YAML."""

from __future__ import annotations

import click

from callint.cli import output

SOURCES = {
    "address": "`ip -details -json address`",
    "route": "`ip -json route`",
    "route6": "`ip -json -6 route`",
    "forwarding": "`sysctl -a`, or `grep . /proc/sys/net/ipv[46]/conf/*/*forwarding`",
    "sockets": "`ss -H -lntuwp`",
    "firewall": "`iptables -S` or `iptables-save`",
}


@click.command("facts")
@click.option("--node", metavar="NAME", help="Name of the Kubernetes node; else this machine's host name.")
@click.option("--address", metavar="FILE", help=f"Saved output of {SOURCES['address']}.")
@click.option("--route", metavar="FILE", help=f"Saved output of {SOURCES['route']}.")
@click.option("--route6", metavar="FILE", help=f"Saved output of {SOURCES['route6']}.")
@click.option("--forwarding", metavar="FILE", help=f"Saved output of {SOURCES['forwarding']}.")
@click.option("--sockets", metavar="FILE", help=f"Saved output of {SOURCES['sockets']}.")
@click.option("--firewall", metavar="FILE", help=f"Saved output of {SOURCES['firewall']}.")
@click.option(
    "--workload-prefix",
    "prefixes",
    metavar="TEXT",
    multiple=True,
    default=("cali",),
    show_default=True,
    help="With what the names of workload interfaces begin.",
)
@click.option("--workloads", is_flag=True, help="Print the interfaces of workloads too.")
def command(node: str | None, prefixes: tuple[str, ...], workloads: bool, **files: str | None) -> None:
    """Print the facts of a node: of this machine, or from saved outputs, so that callint needs no login anywhere.

    With a saved output given, nothing is asked of this machine, and --node is required.
    """
    from callint.facts import collect, local, render

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
    """A saved output, which may come by a pipe, no further than to where it is refused as too long."""
    from callint.facts.iproute import LONGEST_TEXT

    try:
        with click.open_file(path, encoding="utf-8", errors="replace") as stream:
            return str(stream.read(LONGEST_TEXT + 1))
    except OSError as error:
        output.fail(f'"{path}" cannot be read: {error.strerror or error}')
