"""CellMincer: hidden pixels of a frame are predicted from the frames around it and the movie."""

from ..row import Row

ROWS = (
    Row(
        name="cellmincer",
        title="hidden pixels from a few frames and features of the movie",
        learned="It learned from noisy movies alone, guessing hidden pixels from the frames around "
        "(CellMincer), and has never seen a clean image",
        method="n2v_tools.methods.cellmincer.method:CellMincer",
        record="n2v_tools.methods.cellmincer.section:read_section",
        nets={"cellmincer": "n2v_tools.methods.cellmincer.net:CellMincerNet"},
        restorer="n2v_tools.methods.cellmincer.restorer:open_restorer",
        presets={
            "default": "",
            "fast": "",
            "best": "",
            "cellmincer": "as published, for a GPU and a day",
        },
        data="movie",
        one_channel=True,
    ),
)
