"""The project: settings from the environment, URLs, the web and worker entry points."""
