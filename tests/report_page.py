"""A report as who reads it meets it."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """Text of the page outside scripts and styles, its elements, headings and scripts."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.words, self.scripts, self.headings = [], [], [], []
        self.inside = None
        self.feed(html)
        self.text = " ".join(" ".join(self.words).replace("\u00a0", " ").split())

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.inside = tag
        if tag in ("h1", "h2"):
            self.headings.append("")

    def handle_endtag(self, _tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside == "script":
            self.scripts.append(data)
        elif self.inside != "style":
            self.words.append(data)
        if self.inside in ("h1", "h2"):
            self.headings[-1] += data

    def count(self, tag, **attrs):
        wanted = {k.replace("_", "-"): v for k, v in attrs.items()}
        return sum(
            t == tag and all(a.get(k) == v for k, v in wanted.items()) for t, a in self.elements
        )
