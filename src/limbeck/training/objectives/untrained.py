"""No training: the weights as initialised, against which every measure of layers can be held."""

from limbeck.training.objectives.base import Objective, Step


class Untrained(Objective):
    """An objective without steps."""

    def steps_per_epoch(self) -> int:
        """Return 0."""
        return 0

    def epoch(self, number: int) -> list[Step]:
        """List no steps."""
        return []


OBJECTIVE = Untrained
