"""What the installation will run on."""

import importlib.metadata

import pytest

from n2v_tools.jobs.desk import doctor


@pytest.mark.parametrize(
    ("facts", "why", "remedy"),
    [
        ({"card": False}, "no NVIDIA GPU", ""),
        ({"card": True, "hidden": "-1"}, "hides", "Unset"),
        ({"card": True, "driver": False}, "driver", "Install the NVIDIA driver"),
        ({"card": True, "driver": True, "built_with_cuda": False}, "without CUDA", "pip install"),
        (
            {"card": True, "driver": True, "built_with_cuda": True, "libraries": False},
            "libraries are missing",
            'pip install "n2v_tools[cuda]"',
        ),
        (
            {"card": True, "driver": True, "built_with_cuda": True, "libraries": True},
            "does not accept",
            "nvidia-smi",
        ),
    ],
)
def test_the_first_thing_between_tensorflow_and_the_gpu_is_named(facts, why, remedy):
    said, advice = doctor.why_no_gpu(**{"hidden": None, **facts})
    assert why in said
    assert remedy in advice


def test_a_version_other_than_the_pin_is_a_problem_with_a_remedy():
    checks = {c.name: c for c in doctor.check_pins(lambda name: "0.0.1")}
    assert not checks["n2v"].ok
    assert checks["n2v"].remedy == 'pip install "n2v==0.3.3"'


def test_a_missing_package_is_a_problem():
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    assert not any(check.ok for check in doctor.check_pins(missing))


def test_a_failing_trial_run_is_a_problem_and_no_crash(monkeypatch):
    def broken():
        raise RuntimeError("no kernel\nmore")

    monkeypatch.setattr(doctor, "_run_small_net", broken)
    check = doctor.check_smoke()
    assert not check.ok
    assert check.found == "RuntimeError: no kernel"


def test_a_tensorflow_that_does_not_load_is_reported_with_its_remedy(monkeypatch):
    from n2v_tools.errors import N2VToolsError

    def missing():
        raise N2VToolsError("TensorFlow cannot be imported. Install it.")

    monkeypatch.setattr(doctor.keras_backend, "load", missing)
    last = list(doctor.examine())[-1]
    assert not last.ok
    assert "Install it" in last.remedy
