"""Makes a page of each runbook: `runbooks.py FROM TO`. Links between them lead to the pages."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import markdown

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · runbook</title>
<link rel="stylesheet" href="/console.css">
</head>
<body class="book">
<header><a class="home" href="/">CloudWatch</a> <a href="/runbooks/">Runbooks</a></header>
<main>
{body}
</main>
</body>
</html>
"""
ELSEWHERE = re.compile(r"\[([^\]]*)\]\((?!https?://)(?![\w-]+\.md\))[^)]*\)")
"""links to files that are not runbooks: their words alone"""
AMONG = re.compile(r"\]\(([\w-]+)\.md\)")


def page(text: str) -> str:
    """The page of one runbook, from its Markdown."""
    title = next((line[2:] for line in text.splitlines() if line.startswith("# ")), "Runbook")
    text = AMONG.sub(r"](\1.html)", ELSEWHERE.sub(r"\1", text))
    # A paragraph may run into a block of code or a list here, which Markdown proper does not know.
    text = re.sub(r"(?m)^(\*\*\w[^\n]*\*\*)\n(?=```|- )", r"\1\n\n", text)
    text = re.sub(r"(?m)^```\n(?=\*\*)", "```\n\n", text)
    body = markdown.markdown(text, extensions=["tables", "fenced_code"])
    return PAGE.format(title=title, body=body)


def main(source: Path, target: Path) -> None:
    """All of a folder; README.md is the index."""
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.glob("*.md")):
        name = "index" if path.stem == "README" else path.stem
        (target / f"{name}.html").write_text(page(path.read_text(encoding="utf-8")), "utf-8")
    for path in sorted(source.glob("*.sql")):
        (target / path.name).write_text(path.read_text(encoding="utf-8"), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
