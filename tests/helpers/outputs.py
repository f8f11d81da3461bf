"""Reading back what a training has written."""

import csv

import torch


def read_model(folder):
    return torch.load(folder / "model.pt", weights_only=True)


def read_history(folder):
    with open(folder / "history.csv", newline="") as file:
        return list(csv.DictReader(file))


def column(folder, name):
    return [float(row[name]) for row in read_history(folder)]
