"""Figures: a module each kind, whose function ``draw`` reads tables and stores, never networks."""
