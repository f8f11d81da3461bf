"""Looking into a study: the notebook interface, and one HTML page to explore it with."""
