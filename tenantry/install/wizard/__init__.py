"""The first run: from an empty installation to an admin who can sign in, in a browser, over the API or at the command line."""
