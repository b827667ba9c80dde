"""Graphs: every experiment is a box, every dependence an arrow, boxes stand apart."""


def arrows_into(graph, title):
    titles = {box.key: box.title for box in graph.boxes}
    return [(titles[a], word) for a, b, word in graph.arrows if titles[b] == title]


def test_every_experiment_hangs_on_its_dataset_or_on_what_it_starts_from(graph):
    assert arrows_into(graph, "keep-grey-levels") == [("cells", "")]
    assert arrows_into(graph, "second") == [("keep-grey-levels", "")]
    assert arrows_into(graph, "third") == [("first", "weights")]
    assert [a for a, _ in arrows_into(graph, "evaluation")] == ["first", "second", "third"]


def test_boxes_stand_apart_and_arrows_lead_to_the_right(graph):
    places = {box.key: box for box in graph.boxes}
    assert len({(box.column, box.row) for box in graph.boxes}) == len(graph.boxes)
    assert all(places[a].column < places[b].column for a, b, _ in graph.arrows)
