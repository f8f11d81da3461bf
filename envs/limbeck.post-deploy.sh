#!/usr/bin/env bash
# Snakemake runs this in a new environment of limbeck.yaml, from the repository's root.
set -eu
pip install --no-deps -e .
