"""Text to documents: find the files, read them as Go's YAML does, and keep the place of every key and value."""

from callint.source.document import Comment, Document, SourceFile
from callint.source.forms import placeholder
from callint.source.limits import Limits
from callint.source.load import Sources, load, parse

__all__ = ["Comment", "Document", "Limits", "SourceFile", "Sources", "load", "parse", "placeholder"]
