"""What is gathered of students who failed so, and a reader of the page that is made of it."""

from collections import Counter
from datetime import UTC, datetime
from html.parser import HTMLParser

from term import NAME

from grading.gather import ClassTally
from grading.result import Standing

NOW = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)


class Page(HTMLParser):
    """What a browser makes of a page: its elements, and the text of those of a class or a kind."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.open, self.texts = Counter(), [], {}
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.elements[tag] += 1
        if tag not in ("meta", "link"):
            self.open.append((tag, dict(attributes).get("class") or tag))
            self.texts.setdefault(self.open[-1][1], []).append("")

    def handle_endtag(self, tag):
        assert self.open[-1][0] == tag, (self.open, tag)
        self.open.pop()

    def handle_data(self, data):
        for _, name in self.open:
            self.texts[name][-1] += data


def standings_of(failures):
    """Return what the gradebook would say of students who failed so."""
    for student, failure in failures.items():
        scores = {"double-test": 0.0, "square": 2.0, "square-test": 3.0, "why": 3.0, "draw": 1.0}
        yield Standing(student, NAME, "graded", 9.0, 13.0, 0.0, 0, scores, "", failures={"double-test": failure})


def insight_of(course, failures, others=()):
    tally = ClassTally(course, [])
    for one in (*standings_of(failures), *others):
        tally.add(one)
    return tally.insight(NOW)
