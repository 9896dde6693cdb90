"""The self-contained report: its contents, and how they are written as HTML and as Markdown."""
