"""What Go compiles as a regular expression, held against `regexp.Compile` of Go 1.26 when the table was written."""

from __future__ import annotations

import pytest

from callint.net.regexp import check_regexp

RIGHT = (
    *("", "^(en|eth).*", "a||b", "()", "(|a)*", "x{,2}", "x{2", "x{01}", "]", "}", "a{0}", "a{1000}", "a{2,}?"),
    *(
        "(?i)eth",
        "(?)",
        "(?i-s:a)",
        "(?-m:a)",
        "(?P<n>a)",
        "(?<n_1>a)",
        "a(?i)*",
        r"\b*",
        r"\A+?",
        "^*",
        "$?",
        "a*(?i)*",
    ),
    *("[]a]", "[^]]", "[a-]", "[-a]", "[a-z-9]", r"[\d-z]", "[[:alpha:]_]", "[[:^space:]]", "[[:]", "[[a]", "[a&&b]"),
    *(
        r"\pL",
        r"\p{Greek}",
        r"\pl",
        r"\p{lu}",
        r"\p{_L}",
        r"\p{Yi}",
        r"\p{Old_Italic}",
        r"\P{^Lu}",
        r"[\pN\S]",
        r"\x41",
        r"\x{10FFFF}",
        r"\0",
        r"\12",
        r"\1234",
        r"\_",
        r"\-",
        r"\a\f\v",
    ),
    *(r"\Q(a\E", r"\Q[*", r"\Q\E", r"\Qab\E*", r"a\Q\E*", r"\\", r"[\]]", r"[\x00-\x{ff}]"),
)
WRONG = {
    "(a": 'for a ")" is missing',
    "a)(": 'for no "(" stands before the ")"',
    "[a": 'for a "]" is missing',
    "[]": 'for a "]" is missing',
    "[^": 'for a "]" is missing',
    "*eth": 'for nothing stands before "*" that it could repeat',
    "a|+": 'for nothing stands before "+" that it could repeat',
    "({2}": 'for nothing stands before "{2}" that it could repeat',
    "(?i)*": 'for nothing stands before "*" that it could repeat',
    r"\Q\E*": 'for nothing stands before "*" that it could repeat',
    "a**": 'which has no second "*"',
    "a++": 'which has no second "+"',
    "a*??": 'which has no second "?"',
    "a{2}{3}": 'which has no second "{3}"',
    "a{1001}": 'which repeats nothing "{1001}" times',
    "a{2,1}": 'which repeats nothing "{2,1}" times',
    "(?!wg).*": 'which has no "(?!"',
    "(?=a)": 'which has no "(?="',
    "(?<=a)": 'which has no "(?<="',
    "(?P=n)": 'which has no "(?P="',
    "(?P<é>a)": 'which has no "(?P"',
    "(?x)a": 'which has no "(?x"',
    "(?i-)": 'which has no "(?i"',
    "(?": 'which has no "(?"',
    r"(a)\1": r'which has no "\1"',
    r"\9": r'which has no "\9"',
    r"a\Z": r'which has no "\Z"',
    r"\u0041": r'which has no "\u"',
    r"\C": r'which has no "\C"',
    r"\é": r'which has no "\é"',
    r"\pb": r'which has no "\p"',
    r"\p{}": r'which has no "\p"',
    r"\p{Xx}": r'which has no "\p{Xx}"',
    r"[\P{L1}]": r'which has no "\P{L1}"',
    r"\x{110000}": r'which has no "\x{110000}"',
    r"\x4": r'which has no "\x"',
    r"[\b]": r'which has no "\b"',
    "[[:foo:]]": 'which has no "[:foo:]"',
    "[z-a]": 'for the range "z-a" ends before it begins',
    r"[a-\d]": r'which has no "\d"',
    "a\\": 'for nothing stands behind the last "\\"',
    "[a\\": 'for nothing stands behind the last "\\"',
}


@pytest.mark.parametrize("text", RIGHT)
def test_go_compiles_it(text: str) -> None:
    check_regexp(text)


@pytest.mark.parametrize(("text", "why"), WRONG.items())
def test_go_refuses_it(text: str, why: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 # the sentence is compared
        check_regexp(text)
    assert str(refused.value) == f'"{text}" is no regular expression of Go, {why}'
