"""One module a dataset: ``read(settings, seed)``, and ``facts(settings)`` of what it will read."""
