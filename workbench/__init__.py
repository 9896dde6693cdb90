"""The application: holds the state of a project and offers one facade to the pages and the command line."""
