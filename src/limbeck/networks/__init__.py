"""Networks, their layers and outputs."""
