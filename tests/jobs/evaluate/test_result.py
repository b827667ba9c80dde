"""Results of an evaluation, summed up over files."""


def test_gains_are_those_of_files_with_a_noisy_one(evaluation):
    assert evaluation.gains()["psnr"].mean == 10 and evaluation.gains()["psnr"].n == 2
    assert evaluation.summaries()["psnr"].mean == 30.5
    assert evaluation.data_range == [100.0, 50.0]
    assert [one.error for one in evaluation.failed] == ["c.tif: no"]
