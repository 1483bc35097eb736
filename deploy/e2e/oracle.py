#!/usr/bin/env python3
"""Counts words by the `unicode` profile, as its definition reads and with nothing of Millrace in it.

    deploy/e2e/oracle.py FOLDER >words.tsv

A word is a maximal run of letters, marks and digits with at least one letter, with single apostrophes (' or U+2019)
inside, lower-cased code point by code point. Words of the same count stand in the order of their code points.
"""

import collections
import os
import re
import sys
import unicodedata

WORD_CATEGORIES = ("L", "M", "Nd")


def ranges(wanted):
    """The code points whose category begins with one of wanted, as the inside of a character class."""
    parts, start = [], None
    for code in range(sys.maxunicode + 2):
        inside = code <= sys.maxunicode and unicodedata.category(chr(code)).startswith(wanted)
        if inside and start is None:
            start = code
        elif not inside and start is not None:
            parts.append(f"\\U{start:08x}-\\U{code - 1:08x}")
            start = None
    return "".join(parts)


def lower(word):
    # str.lower maps U+0130 to two code points and a last sigma by its place; the simple mapping does neither.
    return "".join("i" if c == "\u0130" else c.lower() for c in word)


def main():
    unit = f"[{ranges(WORD_CATEGORIES)}]+"
    word = re.compile(f"{unit}(?:['\u2019]{unit})*")
    letter = re.compile(f"[{ranges(('L',))}]")
    raw = collections.Counter()
    for parent, _, names in os.walk(sys.argv[1]):
        for name in names:
            with open(os.path.join(parent, name), "rb") as file:
                text = file.read().decode("utf-8", "replace")
            raw.update(word.findall(text))
    counts = collections.Counter()
    for text, count in raw.items():
        if letter.search(text):
            counts[lower(text)] += count
    out = sys.stdout
    out.reconfigure(encoding="utf-8", newline="\n")
    for text, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        out.write(f"{text}\t{count}\n")


if __name__ == "__main__":
    main()
