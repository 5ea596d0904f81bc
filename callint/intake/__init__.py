"""From paths to judged objects: the stages that look at one file at a time, by whatever means are quickest.

What other processes or other runs have worked out is taken from them; the outcome is the same to the byte.
"""

from callint.intake.judge import Judge, Judged, Measure, judge
from callint.intake.means import Means
from callint.intake.reading import Reading, read

__all__ = ["Judge", "Judged", "Means", "Measure", "Reading", "judge", "read"]
