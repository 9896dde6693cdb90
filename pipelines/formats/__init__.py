"""Formats: reading any file of examples without losing a line, and writing examples as tools accept them.

`read.read_file` and `write.write_examples` are the two ways in; `registry.FORMATS` lists what there is. A *shape* says
how one row holds a conversation (`shapes/`), a *container* how a file holds rows (`containers/`).
"""

from pipelines.formats.registry import load_formats

# Here, so that every module of the package finds the registry whole, whichever is imported first.
load_formats()
