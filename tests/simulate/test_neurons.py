"""Neurons lie side by side where there is room, and each lights its own pixels."""

import numpy as np
import pytest

from n2v_tools.errors import SettingsError
from n2v_tools.simulate.neurons import populate

SHAPE = (120, 150)


@pytest.fixture(scope="module")
def population():
    room = np.ones(SHAPE, bool)
    room[:, :50] = False
    return populate(SHAPE, 6, room, np.random.default_rng(3), margin=5)


def test_bodies_lie_apart_in_the_room_they_have(population):
    somata = population.somata
    assert len(somata) == 6
    for i, one in enumerate(somata):
        assert one.x >= 49.5 and 5 <= one.y <= SHAPE[0] - 6
        for other in somata[:i]:
            assert np.hypot(one.y - other.y, one.x - other.x) > one.radius + other.radius


def test_each_body_shines_in_its_own_pixels_and_around_them(population):
    light, inside = (
        m.toarray().T.reshape(-1, *SHAPE) for m in (population.light, population.inside)
    )
    assert (inside.sum(axis=0) <= 1).all() and (light >= 0).all()
    for one, pixels, own in zip(population.somata, inside, light, strict=False):
        assert pixels[round(one.y), round(one.x)] == 1
        assert np.pi * one.radius**2 * 0.7 < pixels.sum() < np.pi * one.radius**2 * 1.4
        assert own[pixels == 1].min() > 0
    assert list(population.kinds[:6]) == ["soma"] * 6
    assert set(population.kinds[6:]) == {"fibre", "hazy"}


def test_more_neurons_than_there_is_room_for_are_refused():
    with pytest.raises(SettingsError, match=r"--neurons 90: only \d+ find a place.*larger --shape"):
        populate((60, 60), 90, np.ones((60, 60), bool), np.random.default_rng(0))
