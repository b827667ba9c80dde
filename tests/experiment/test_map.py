"""Maps: the text is that of the file."""

import pytest

from n2v_tools.errors import OutputError
from n2v_tools.experiment.map import draw_map


def test_markdown_holds_the_text_that_is_returned(write, tmp_path):
    target = tmp_path / "map.md"
    text = draw_map([write()], target)
    assert text == draw_map([write()])
    assert f"```mermaid\n{text}```" in target.read_text()


def test_a_map_that_is_there_is_kept_unless_it_may_be_replaced(write, tmp_path):
    target = tmp_path / "map.md"
    target.write_text("mine")
    with pytest.raises(OutputError):
        draw_map([write()], target)
    assert target.read_text() == "mine"
    draw_map([write()], target, overwrite=True)
    assert "flowchart" in target.read_text()
