import pytest
from ladders import scene, train


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """A tiny trained model: its folder, what was said, clean and noisy frames."""
    clean, noisy = scene()
    result, said = train(tmp_path_factory.mktemp("models"), "tiny", noisy, {})
    return result.model, said, clean, noisy
