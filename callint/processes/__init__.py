"""Work shared by several processes of this program, each of which knows what the others found out.

It knows neither manifests nor findings, only numbers and bytes.
"""

from callint.processes.crew import Crew, cores
from callint.processes.pipes import Channel, Tickets
from callint.processes.team import Team, together

__all__ = ["Channel", "Crew", "Team", "Tickets", "cores", "together"]
