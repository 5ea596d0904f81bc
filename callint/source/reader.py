"""One file to documents and problems: a broken document hides no other."""

from __future__ import annotations

import re

from callint.finding import Problem, Related, counted
from callint.source.chunks import Chunk, cut
from callint.source.document import Document, SourceFile
from callint.source.forms import SOPS, is_manifest, is_template, template, ytt
from callint.source.json_values import behind, read_as_json, values
from callint.source.lines import UNREAD, Lines
from callint.source.lines import read as read_lines
from callint.source.tree import Tree

_FORBIDDEN = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"  # slow to compile, seldom needed
_BOM = "(?:\\A|(?<=\n))\ufeff"
_NOTHING = r"(?:\s+|#[^\r\n]*|\.\.\.(?=\s|\Z))*"


def read(file: SourceFile, lines: Lines, bad: int = -1, *, own: bool = False) -> tuple[list[Document], list[Problem]]:
    """The documents of a file, and what is wrong with its text; `bad` is the offset of the first undecodable byte.

    `lines` says within which limits, and can be shared by all files that are read within the same. A file is callint's
    `own` if nobody else reads it, such as facts: then it does not matter what kubectl makes of it.
    """
    reader = _Reader(file, lines, bad, own)
    reader.read()
    return reader.documents, reader.problems


class _Reader:
    """The reading of one file."""

    __slots__ = (
        "bad",
        "documents",
        "expanded",
        "failed",
        "file",
        "limits",
        "lines",
        "own",
        "problems",
        "said",
        "typed",
    )

    def __init__(self, file: SourceFile, lines: Lines, bad: int, own: bool) -> None:
        self.file = file
        self.lines = lines
        self.typed = lines.typed
        self.limits = lines.limits
        self.bad = bad
        self.own = own
        self.documents: list[Document] = []
        self.problems: list[Problem] = []
        self.said: dict[str, int] = {}
        self.expanded = 0
        self.failed = 0

    def read(self) -> None:
        if self.bad >= 0:
            self.say("not-utf8", self.bad, self.bad + 1, "this file is not UTF-8: the byte here begins no character")
        self.parts()
        self.secret()
        self.count()

    def parts(self) -> None:
        text = self.file.text
        count = start = 0
        for begin, end in values(text):
            if not self.part(begin, end, json=True):
                return
            count, start = count + 1, behind(text, end)
        if count and not text[start:].strip():
            return
        if count > 1:
            self.no_value(start, count)
        for chunk in cut(text, start):
            if count == 1 and chunk.separator < 0:
                self.beside(start, chunk.end)
            if chunk.crowded:
                self.crowded(chunk)
            if not self.part(chunk.start, chunk.end, explicit=chunk.explicit):
                return

    def part(self, start: int, end: int, json: bool = False, explicit: bool = False) -> bool:
        """Read the document between two offsets; False if no more are to be read.

        It is a JSON value if `json` says so, and begins with a line `---` if `explicit` does.
        """
        if self.file.text.startswith("\ufeff", start) and not explicit:
            start += 1
        text = self.file.text[start:end]
        if not text.strip(" \r\n"):
            return True
        if len(self.documents) >= self.limits.documents:
            most = counted(self.limits.documents, "document")
            message = f"this file has more than {most}: those from here on are not read"
            self.say("document-limit", start, start, message)
            return False
        if self.failed >= self.limits.broken:
            message = f"{self.failed} documents of this file cannot be read: those from here on are not tried"
            self.say("document-limit", start, start, message)
            return False
        value = read_lines(text, self.lines)
        if value is not UNREAD:
            self.add(Tree(self.expanded, value), text, start, end, lined=True)
            return True
        from callint.source.build import build

        tree = build(text, self.typed, self.limits, self.expanded)
        if json:
            tree.notes = [note for note in tree.notes if note.kind != "syntax-error"]
        follows = -1
        if tree.error is not None or tree.rest >= 0 or ("\ufeff" in text and re.search(_BOM, text)):
            tree, follows = self.broken(text, start, tree, json, explicit)
        self.expanded = tree.expanded
        if tree.trace or tree.error is not None:
            self.add(tree, text, start, end if follows < 0 else start + follows)
        if follows >= 0:
            self.following(text, start, follows, tree.trace[0] if tree.trace else 0)
        return True

    def add(self, tree: Tree, text: str, start: int, end: int, lined: bool = False) -> None:
        """Keep a document, and tell what is odd about its nodes."""
        place = text.find("{{") if "{{" in text and is_template(tree) else ytt(text) if "#@" in text else -1
        if place >= 0:
            self.template(start + place)
            tree = _unread(tree)
        notes = tree.notes
        document = Document(
            self.file,
            len(self.documents),
            start,
            end,
            tree.value,
            lined=lined and tree.complete,
            complete=tree.complete and not start <= self.bad < end,
            tree=tree if tree.odd else None,
        )
        self.documents.append(document)
        if not notes:
            return
        from callint.source.notes import problem_of, untold

        manifest = is_manifest(tree.value)
        told = [note for note in notes if manifest or not untold(document, note, self.own)]
        for note in told:
            if not self.full(note.kind):
                self.tell(problem_of(document, note, self.own))
        if told and tree.unsaid:
            self.said[told[-1].kind] += tree.unsaid

    def broken(self, text: str, start: int, tree: Tree, json: bool, explicit: bool) -> tuple[Tree, int]:
        """Tell why reading stopped; the tree to keep, and the offset of what follows the document's end, or -1."""
        from callint.source.lenient import read_as_go
        from callint.source.syntax import explain

        problem = getattr(tree.error, "problem", None)
        self.failed += 1
        if (tree.error is not None and problem is None) or re.search(_BOM, text):
            return self.forbidden(text, start, tree), -1
        if tree.rest >= 0 or (explicit and "..." in text):
            skipped = re.compile(_NOTHING).match(text, max(tree.rest, 0))
            follows = skipped.end() if skipped else tree.rest
            if tree.rest >= 0 or follows == len(text):
                tree.error = None
                self.failed -= 1
                whole = follows == len(text) or ("{{" in text[:follows] and is_template(tree))
                return tree, -1 if whole else follows
        read = read_as_json(text, self.limits, self.expanded) if json else None
        tree = read or read_as_go(text, tree.error, self.limits, self.expanded) or tree
        if tree.error is None:
            self.failed -= 1
            return tree, -1
        place = template(text)
        if place >= 0:
            self.template(start + place)
            return _unread(tree), -1
        damaged = start <= self.bad < start + len(text)
        if damaged or self.full("syntax-error") or self.full("tab-indentation"):
            tree.complete = False
            return tree, -1
        complaint = explain(text, tree.error)
        related: tuple[Related, ...] = ()
        if complaint.related >= 0:
            at = start + complaint.related
            related = (Related(self.file.span(at, at + 1), complaint.label),)
        self.say(
            complaint.kind, start + complaint.start, start + complaint.end, complaint.message, complaint.help, related
        )
        tree.complete = False
        return tree, -1

    def forbidden(self, text: str, start: int, tree: Tree) -> Tree:
        """A character that may not stand there: what stands above its line is read."""
        match = re.search(_BOM, text) or re.search(_FORBIDDEN, text)
        at = match.start() if match else 0
        sign, place = match[0] if match else "", (start + at, start + at + 1)
        if sign == "\0":
            self.say("nul-byte", *place, "a NUL byte stands here: this is no text, or a damaged one")
        elif sign == "\ufeff":
            message = "a byte order mark stands here within the text: kubectl and calicoctl take it for a letter"
            self.say("control-character", *place, message, "delete this character, which most editors do not show")
        else:
            name = f"U+{ord(sign):04X}" if sign else "a control character"
            message = f"the control character {name} stands here, which YAML forbids"
            self.say("control-character", *place, message, "write it as an escape in double quotes")
        line = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
        from callint.source.build import build

        above = build(text[:line], self.typed, self.limits, tree.expanded)
        above.complete = False
        above.error = tree.error
        return above

    def following(self, text: str, start: int, at: int, root: int) -> None:
        """What stands behind the end of a document, which kubectl ignores; `root` is where that begins in its trace."""
        message = "the document has ended above: kubectl ignores what follows without a line with ---"
        if "..." not in text[:at] and (root >= 0 or text[~root] not in "{["):
            message = "this line is indented less than the document, which ends here: kubectl ignores the rest"
        self.ignored(start + at, start + len(text), message)

    def beside(self, start: int, end: int) -> None:
        """What stands behind a JSON value without a separator: kubectl goes on with YAML, if it is long enough."""
        skipped = re.compile(_NOTHING).match(self.file.text, start, end)
        at = skipped.end() if skipped else start
        if at < end:
            self.ignored(
                at, end, "the document has ended above: calicoctl ignores what follows without a line with ---"
            )

    def ignored(self, at: int, end: int, message: str) -> None:
        text = self.file.text
        line = min((one for one in (text.find("\n", at, end), text.find("\r", at, end)) if one >= 0), default=end)
        self.say("text-after-document-end", at, line, message, "begin the next document with ---")

    def no_value(self, at: int, values: int) -> None:
        """What stands behind several JSON values and is none."""
        message = f"kubectl has read {values} JSON values and takes nothing else: it refuses what follows"
        self.say("syntax-error", at, at + 1, message, "separate all of them by lines with ---")

    def crowded(self, chunk: Chunk) -> None:
        text = self.file.text[chunk.separator : chunk.line_end]
        start = len(text) - len(text[3:].lstrip(" \t"))
        message = 'a separator line holds nothing but "---" and a comment'
        if not self.own:
            message += ": kubectl refuses the file" + (", calicoctl drops the rest" if chunk.separator else "")
        advice = "move the rest to the next line"
        self.say("separator-with-content", chunk.separator + start, chunk.line_end, message, advice)

    def template(self, at: int) -> None:
        if "template" not in self.said:
            message = "this file is a template: the documents with template expressions are not analysed"
            self.say("template", at, at + 2, message, "render it first, and check what comes out")

    def secret(self) -> None:
        text = self.file.text
        at = text.find(SOPS)
        if at >= 0:
            end = text.find("]", at)
            message = "this file is encrypted by SOPS: the encrypted values are not analysed"
            advice = "nothing has to be mended; what `sops decrypt` prints can be checked instead"
            self.say("sops-encrypted", at, end + 1 if end >= 0 else at + len(SOPS), message, advice)

    def full(self, kind: str) -> bool:
        """Whether enough has been said of a kind; the problem that is not told is counted."""
        if self.said.get(kind, 0) < self.limits.problems:
            return False
        self.said[kind] += 1
        return True

    def say(
        self, kind: str, start: int, end: int, message: str, advice: str = "", related: tuple[Related, ...] = ()
    ) -> None:
        told = message.replace("kubectl", "callint") if self.own else message
        self.tell(Problem(kind, self.file.span(start, end), told, related, (), advice))

    def tell(self, problem: Problem) -> None:
        count = self.said.get(problem.kind, 0) + 1
        self.said[problem.kind] = count
        if count <= self.limits.problems:
            self.problems.append(problem)

    def count(self) -> None:
        """Let the last problem of a kind say how many of its kind were left out."""
        for kind, count in self.said.items():
            more = count - self.limits.problems
            if more > 0:
                last = max(index for index, problem in enumerate(self.problems) if problem.kind == kind)
                told = self.problems[last]
                self.problems[last] = told._replace(message=f"{told.message} (and at least {more} more in this file)")


def _unread(tree: Tree) -> Tree:
    """A document of which only the text is known."""
    empty = Tree(tree.expanded)
    empty.complete = False
    empty.error = tree.error
    return empty
