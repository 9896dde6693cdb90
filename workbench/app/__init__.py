"""The browser app: its launcher, its frame around the pages, and what pages share."""
