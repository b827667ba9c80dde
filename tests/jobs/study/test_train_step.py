"""Training of an experiment: steps of an epoch that covers all stacks once."""

import numpy as np

from n2v_tools.jobs.study.train_step import steps_of_one_pass
from n2v_tools.stack import Stack


def test_one_pass_covers_every_pixel_about_once():
    movie = Stack(np.zeros((6, 2, 70, 64), "u2"), "TCYX")
    assert steps_of_one_pass([movie], (32, 32), 5) == 5  # 6 frames of 2 x 2 patches, 5 a step
    assert steps_of_one_pass([movie, movie], (3, 32, 32), 1) == 16
    assert steps_of_one_pass([movie], (8, 128, 128), 4) == 1
    assert steps_of_one_pass([movie], (32, 32), 5, frames=2) == 3  # 3 pairs of frames
