import contextlib
import multiprocessing

import pytest

from n2v_tools.claim import claim_folder, hold_name, require_free, require_writable
from n2v_tools.errors import OutputError, UsageError


def fill(path, text="x"):
    path.mkdir(exist_ok=True)
    (path / "config.json").write_text(text)


def entries(folder):
    return sorted(p.name for p in folder.iterdir())


def test_a_claimed_folder_gets_its_name_when_it_is_finished(tmp_path):
    with claim_folder(tmp_path / "models", "a") as claimed:
        assert claimed.path.name == "a.partial"
        assert not claimed.resumed
        fill(claimed.path)
        assert not claimed.target.exists()
        assert claimed.finish() == tmp_path / "models" / "a"
    assert entries(tmp_path / "models") == ["a"]
    assert entries(tmp_path / "models" / "a") == ["config.json"]


def test_a_finished_model_is_not_touched_unless_told_to(tmp_path):
    fill(tmp_path / "a", "old")
    for resume in (False, True):
        with pytest.raises(OutputError, match="--overwrite"):
            claim_folder(tmp_path, "a", resume=resume)
    with claim_folder(tmp_path, "a", overwrite=True) as claimed:
        fill(claimed.path, "new")
        assert (tmp_path / "a" / "config.json").read_text() == "old"
        claimed.finish()
    assert (tmp_path / "a" / "config.json").read_text() == "new"
    assert entries(tmp_path) == ["a"]


def test_a_folder_that_is_no_model_is_never_replaced(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").touch()
    with pytest.raises(OutputError, match="no model folder"):
        claim_folder(tmp_path, "photos", overwrite=True)
    assert (tmp_path / "photos" / "cat.jpg").exists()


def test_an_interrupted_training_asks_what_to_do(tmp_path):
    with pytest.raises(KeyboardInterrupt), claim_folder(tmp_path, "a") as claimed:
        fill(claimed.path)
        raise KeyboardInterrupt
    with pytest.raises(OutputError, match=r"--resume.*--overwrite"):
        claim_folder(tmp_path, "a")
    with claim_folder(tmp_path, "a", resume=True) as claimed:
        assert claimed.resumed
        assert entries(claimed.path) == ["config.json"]
    with claim_folder(tmp_path, "a", overwrite=True) as claimed:
        assert entries(claimed.path) == []


def test_there_must_be_something_to_resume(tmp_path):
    with pytest.raises(OutputError, match="nothing to resume"):
        claim_folder(tmp_path, "a", resume=True)
    assert entries(tmp_path) == []


def test_a_claim_that_wrote_nothing_leaves_nothing(tmp_path):
    with claim_folder(tmp_path, "a"):
        pass
    assert entries(tmp_path) == []


@pytest.mark.parametrize("options", [{}, {"resume": True}, {"overwrite": True}])
def test_a_training_that_runs_now_is_left_alone(options, tmp_path):
    with claim_folder(tmp_path, "a") as claimed:
        fill(claimed.path)
        with pytest.raises(OutputError, match="now"):
            claim_folder(tmp_path, "a", **options)
        assert entries(claimed.path) == ["config.json"]


def test_a_target_that_came_meanwhile_is_not_replaced(tmp_path):
    with claim_folder(tmp_path, "a") as claimed:
        fill(claimed.path, "ours")
        fill(tmp_path / "a", "theirs")
        with pytest.raises(OutputError, match="by now"):
            claimed.finish()
    assert (tmp_path / "a" / "config.json").read_text() == "theirs"
    assert (tmp_path / "a.partial" / "config.json").read_text() == "ours"


def test_a_kill_between_the_two_renames_loses_nothing(tmp_path):
    fill(tmp_path / ".a.replaced", "old")  # moved aside, and then the process died
    fill(tmp_path / "a.partial", "new")
    with pytest.raises(OutputError):
        claim_folder(tmp_path, "a")
    assert (tmp_path / "a" / "config.json").read_text() == "old"
    with claim_folder(tmp_path, "a", resume=True, overwrite=True) as claimed:
        claimed.finish()
    assert (tmp_path / "a" / "config.json").read_text() == "new"
    assert entries(tmp_path) == ["a"]


def _try_to_claim(folder, options, start, won, done):
    start.wait()
    try:
        claimed = claim_folder(folder, "a", **options)
    except OutputError:
        won.put(0)
    else:
        won.put(1)
        done.wait()
        claimed.release()


@pytest.mark.parametrize("options", [{}, {"overwrite": True}, {"resume": True}])
def test_of_many_claims_at_once_exactly_one_wins(options, tmp_path):
    if options:
        fill(tmp_path / "a.partial")
    context = multiprocessing.get_context("fork")
    start, done, won = context.Event(), context.Event(), context.Queue()
    arguments = (tmp_path, options, start, won, done)
    runs = [context.Process(target=_try_to_claim, args=arguments) for _ in range(8)]
    for run in runs:
        run.start()
    start.set()
    assert sum(won.get(timeout=20) for _ in runs) == 1
    done.set()
    for run in runs:
        run.join(timeout=20)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "a/b", "a\\b", "/etc", "a.partial", "A.PARTIAL", "a:b", "a*", "con", "LPT1.x",
     "a.", "a ", ".hidden", "a\nb", "x" * 201],
)  # fmt: skip
def test_a_name_must_be_plain(name, tmp_path):
    with pytest.raises(UsageError, match="name"):
        claim_folder(tmp_path, name)
    assert entries(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_said_in_one_line(tmp_path):
    (tmp_path / "models").write_text("a file")
    with pytest.raises(OutputError, match="--models") as caught:
        claim_folder(tmp_path / "models", "a")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("overwrite, resume", [(False, False), (True, False), (False, True)])
@pytest.mark.parametrize("present", ["nothing", "finished", "interrupted"])
def test_a_word_beforehand_is_what_the_claim_would_say_and_changes_nothing(
    tmp_path, present, overwrite, resume
):
    folder = {"finished": "m", "interrupted": "m.partial"}.get(present)
    if folder:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "config.json").write_text("{}")

    def said(act):
        try:
            act(tmp_path, "m", overwrite, resume)
        except OutputError as error:
            return str(error)
        return None

    before = sorted(path.name for path in tmp_path.rglob("*"))
    beforehand = said(require_free)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
    with contextlib.ExitStack() as stack:
        claimed = said(lambda *words: stack.enter_context(claim_folder(*words)))
    assert beforehand == claimed


def test_a_name_that_is_held_is_refused_to_all_and_free_afterwards(tmp_path):
    for act in (lambda: hold_name(tmp_path / "a").__enter__(), lambda: claim_folder(tmp_path, "a")):
        with hold_name(tmp_path / "a"), pytest.raises(OutputError, match="now"):
            act()
        assert not entries(tmp_path)


@pytest.mark.parametrize("folder", ["file", "file/models", "nowhere/models"])
def test_a_folder_that_cannot_be_made_is_seen_before_any_work(tmp_path, folder):
    (tmp_path / "file").write_text("")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    for check in (
        lambda: require_writable(tmp_path / folder),
        lambda: require_free(tmp_path / folder, "m", False, False),
    ):
        with pytest.raises(OutputError, match="no model can be put there"):
            check()


def test_a_folder_that_can_be_made_is_not_made_by_asking(tmp_path):
    require_writable(tmp_path / "a" / "b")
    require_writable(tmp_path)
    assert not list(tmp_path.iterdir())
