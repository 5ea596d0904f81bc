"""What callint has worked out once and may forget: a private folder of the user's, and files in it that prove whole.

It knows neither manifests nor findings, only names and bytes.
"""

from callint.cache.folder import Folder, home, private
from callint.cache.pack import opened, sealed
from callint.cache.stamp import digest, stamp

__all__ = ["Folder", "digest", "home", "opened", "private", "sealed", "stamp"]
