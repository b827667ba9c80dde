"""DeepCAD-RT: of a stretch of a movie, every other frame is predicted from those between."""

from ..row import Row

ROWS = (
    Row(
        name="deepcad",
        title="even and odd frames",
        learned="It learned from noisy movies alone (DeepCAD) and has never seen a clean image",
        method="n2v_tools.methods.deepcad.method:DeepCAD",
        record="n2v_tools.methods.deepcad.section:read_section",
        nets={"deepcad": "n2v_tools.methods.deepcad.net:DeepCADNet"},
        restorer="n2v_tools.methods.deepcad.restorer:open_restorer",
        restoring="n2v_tools.methods.deepcad.original:OriginalSettings",
        restoring_help="With a DeepCAD model: legacy_rescale=true restores as the original program "
        "does.",
        presets={"default": "", "fast": "", "deepcad-rt": "", "deepcad-rt-p13": ""},
        data="movie",
        frames_per_sample=2,
        also="suits such movies too",
    ),
)
