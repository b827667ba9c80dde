"""Texts of the command line, read into values."""

import click
import pytest

from n2v_tools.cli.parsing import Filled, Finite, Named, Read, read_axes, read_memory, read_patch

OPTION = click.Option(["--thing"])


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [("2GB", 2 * 10**9), ("500mb", 5 * 10**8), ("1.5GiB", 3 * 2**29), ("2 G", 2 * 10**9)],
)
def test_amounts_of_memory(text, n_bytes):
    assert read_memory(text) == n_bytes


@pytest.mark.parametrize(
    ("text", "edges"), [("64", (64, 64)), ("32,64", (32, 64)), (" 16, 64,64", (16, 64, 64))]
)
def test_edges_of_patches(text, edges):
    assert read_patch(text) == edges


def test_axes_are_read_in_upper_case():
    assert read_axes("tzyx") == "TZYX"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Read(read_memory), "2XB"),
        (Read(read_memory), "3"),
        (Read(read_patch), "64,0"),
        (Read(read_patch), "1,2,3,4"),
        (Read(read_axes), "TQX"),
        (Finite(min=0), "nan"),
        (Finite(min=0), "inf"),
        (Finite(min=0, max=5), "6"),
        (Named("thing", ["one"]), "two"),
        (Named("thing", ["one"], ["two"]), "two"),
        (Filled(), ""),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(kind, text):
    with pytest.raises(click.UsageError):
        kind.convert(text, OPTION, None)


@pytest.mark.parametrize("value", [(16, 64, 64), 5])
def test_a_default_that_is_a_value_stays_as_it_is(value):
    assert Read(read_patch).convert(value, OPTION, None) == value


def test_a_name_that_will_exist_is_told_from_a_misspelt_one():
    kind = Named("colour", ["red"], ["blue"])
    with pytest.raises(click.UsageError, match="--thing blue is not available yet"):
        kind.convert("blue", OPTION, None)
    with pytest.raises(click.UsageError, match=r"no colour 'rad'\. Did you mean 'red'"):
        kind.convert("rad", OPTION, None)
    with pytest.raises(click.UsageError, match="the colour: there is no colour 'x'"):
        kind.convert("x", None, None)
