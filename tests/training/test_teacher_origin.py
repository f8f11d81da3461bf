"""A student is taught by a teacher of its own dataset, labelled images and fold."""

import pytest

from limbeck.runtime import storage
from limbeck.runtime.errors import InputError


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"fold": 1}, "a teacher of fold 1, the student is of 0"),
        ({"budget": 20}, "a teacher of budget 20, the student is of 50"),
        ({"dataset_hash": "other"}, "made of another dataset (other) than"),
    ],
)
def test_another_runs_teacher_is_refused(
    run_training, method_settings, teacher_logits, tmp_path, changes, reason
):
    store = storage.open_store(teacher_logits)
    path = tmp_path / "other.zarr"
    arrays = {name: array[:] for name, array in store.items()}
    storage.write_store(path, arrays, {**store.attrs, **changes})
    settings = method_settings(objective="distillation", augmentation="flip")
    with pytest.raises(InputError) as caught:
        run_training(tmp_path / "run", settings, teacher_logits=[path])
    assert str(caught.value).startswith(f"{path}: {reason}")
    assert not (tmp_path / "run").exists()


def test_another_folds_network_is_refused(run_training, method_settings, trained, tmp_path):
    settings = method_settings(objective="pkt")
    identity = {"study": "test", "method": "student", "budget": 50, "fold": 1}
    with pytest.raises(InputError, match="a teacher of fold 0, the student is of 1"):
        run_training(
            tmp_path / "run",
            settings,
            teacher_models=[trained / "model.pt"],
            identity=identity,
        )
