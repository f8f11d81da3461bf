"""PCA against the singular value decomposition."""

import numpy as np
import pytest

from limbeck.embeddings import pca


def test_pca_is_the_singular_value_decomposition(activations, graph):
    centred = activations.astype(np.float64) - activations.mean(axis=0, dtype=np.float64)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    expected = left[:, :2] * singular[:2]
    result = pca.embed(activations, graph, {"algorithm": "pca"}, 0)
    signs = np.sign((result.points * expected).sum(axis=0))
    np.testing.assert_allclose(result.points, expected * signs, atol=1e-4)
    part = (singular[:2] ** 2).sum() / (singular**2).sum()
    assert result.measures == {"explained_variance": pytest.approx(part, rel=1e-5)}
