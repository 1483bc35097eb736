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


UNIT = f"[{ranges(WORD_CATEGORIES)}]+"
WORD = re.compile(f"{UNIT}(?:['\u2019]{UNIT})*")
LETTER = re.compile(f"[{ranges(('L',))}]")


def count(texts):
    """How often each word is there in texts, which are bytes."""
    raw = collections.Counter()
    for text in texts:
        raw.update(WORD.findall(text.decode("utf-8", "replace")))
    counts = collections.Counter()
    for text, number in raw.items():
        if LETTER.search(text):
            counts[lower(text)] += number
    return counts


def table(counts):
    """The lines that stand for counts in a file."""
    return "".join(f"{text}\t{number}\n" for text, number in sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def files(folder):
    """The bytes of every file below a folder."""
    for parent, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(parent, name), "rb") as file:
                yield file.read()


def main():
    sys.stdout.buffer.write(table(count(files(sys.argv[1]))).encode("utf-8"))


if __name__ == "__main__":
    main()
