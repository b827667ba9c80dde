"""Charts of curves: one for each that is there, with how to read it."""

import numpy as np

from n2v_tools.report.curves import evidence_charts, training_charts


def test_a_chart_for_every_curve_that_is_there():
    x = np.linspace(1, 2, 12)
    keys = (
        "intensity residual_mean residual_variance noise_variance acf_lags acf_residual_x "
        "acf_noise_x frc_frequency frc_noisy frc_restored frc_limit spectrum_noisy "
        "spectrum_restored trace_noisy trace_restored gain"
    )
    every = dict.fromkeys(keys.split(), x)
    assert len(evidence_charts(every)) == 7
    assert evidence_charts({}) == ()
    assert evidence_charts({key: np.full(12, np.nan) for key in every}) == ()
    assert [c.title for c in evidence_charts({"gain": x})] == ["Is every plane scaled alike?"]


def test_the_curve_of_a_training_names_its_best_epoch():
    history = {"epoch": [1.0, 2, 3], "loss": [3.0, 2, 1], "val_loss": [3.0, 0.5, 2]}
    (chart,) = training_charts(history)
    assert "3 epochs" in chart.caption and "0.5 in epoch 2" in chart.caption
    assert len(training_charts({**history, "learning_rate": [0.1, 0.1, 0.1]})) == 2
    assert training_charts({}) == () and training_charts({"loss": []}) == ()
    assert len(training_charts({"loss": [-1.0, 2], "val_loss": [float("nan")] * 2})) == 1
