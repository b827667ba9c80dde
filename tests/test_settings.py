"""Settings take text and JSON alike, and refuse what is no setting with the nearest one."""

from dataclasses import dataclass
from typing import Literal

import pytest

from n2v_tools.errors import SettingsError
from n2v_tools.settings import nearest, parse_assignments, settings_from
from n2v_tools.words import in_python


@dataclass(frozen=True)
class Some:
    epochs: int = 1
    rate: float = 0.5
    fast: bool = False
    kind: Literal["a", "b"] = "a"
    patch: tuple[int, ...] = (1,)
    seed: int | None = None


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("epochs", "12", 12),
        ("epochs", 12.0, 12),
        ("rate", "1e-3", 1e-3),
        ("fast", "yes", True),
        ("fast", False, False),
        ("kind", "b", "b"),
        ("patch", "16,64,64", (16, 64, 64)),
        ("patch", "[16, 64]", (16, 64)),
        ("patch", 8, (8,)),
        ("seed", "none", None),
        ("seed", "3", 3),
    ],
)
def test_text_and_json_become_the_type_of_the_field(name, text, value):
    found = getattr(settings_from(Some, {name: text}), name)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "text"),
    [("epochs", "1.5"), ("epochs", True), ("rate", "x"), ("fast", "maybe"), ("kind", "c"),
     ("patch", "a,b"), ("seed", "x")],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_its_source(name, text):
    with pytest.raises(SettingsError, match=rf"^--set {name}: "):
        settings_from(Some, {name: text})
    with pytest.raises(SettingsError, match=rf"^config\.json {name}: "):
        settings_from(Some, {name: text}, "config.json")


def test_a_name_that_is_no_setting_is_refused_with_the_nearest():
    with pytest.raises(SettingsError, match=r"^--set: .*Did you mean 'epochs'\?"):
        settings_from(Some, {"epoch": 3})
    with pytest.raises(SettingsError, match=r"^settings\[?.*'epoch'"):
        in_python(settings_from)(Some, {"epoch": 3})
    assert nearest("zzz", ["epochs"]) == ""
    assert nearest("MEDIAN", ["median", "nlm"]) == nearest("medain", ["median", "nlm"])
    assert nearest("n_TILES", ["n_Tiles"]) == " Did you mean 'n_Tiles'?"


def test_of_equal_keys_the_last_one_counts():
    assert parse_assignments(["a-b=1", "c=x=y", "a_b= 2 "]) == {"a_b": "2", "c": "x=y"}
    for text in ("a", "=1"):
        with pytest.raises(SettingsError, match="write KEY=VALUE, such as --set epochs=50"):
            parse_assignments([text])


def test_a_long_value_may_stand_in_a_file(tmp_path):
    (tmp_path / "v.json").write_text("[[0, 1],[2, 3]]\n")
    assert parse_assignments([f"knots=@{tmp_path / 'v.json'}"]) == {"knots": "[[0, 1],[2, 3]]"}
    for name in ("missing", "."):
        with pytest.raises(SettingsError, match=r"^--set a=@.*cannot be read"):
            parse_assignments([f"a=@{tmp_path / name}"])
