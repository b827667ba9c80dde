"""What a person sees while the work goes on."""

import io

from n2v_tools.jobs.desk.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def run(progress, clock, seconds_per_step, n=10):
    with progress.task("a.tif") as step:
        for done in range(1, n + 1):
            clock.now += seconds_per_step
            step(done, n)


def test_lines_come_every_few_seconds_and_none_in_short_work():
    clock, stream = Clock(), io.StringIO()
    run(Progress(stream=stream, clock=clock), clock, 0.1)
    assert stream.getvalue() == ""
    run(Progress(stream=stream, clock=clock), clock, 2.0)
    lines = stream.getvalue().splitlines()
    assert 3 <= len(lines) <= 5
    assert lines[0] == "a.tif: 30 %, about 14 s left"


def test_hours_of_work_do_not_fill_a_log():
    clock, stream = Clock(), io.StringIO()
    run(Progress(stream=stream, clock=clock), clock, 1.0, n=600)
    assert 10 <= len(stream.getvalue().splitlines()) <= 20


def test_quiet_says_nothing_but_warnings():
    clock, stream = Clock(), Terminal()
    progress = Progress(quiet=True, stream=stream, clock=clock)
    run(progress, clock, 10)
    progress.note("note")
    progress.detail("detail")
    assert stream.getvalue() == ""
    progress.warn("look")
    assert stream.getvalue() == "Warning: look\n"


def test_a_terminal_gets_one_bar_and_lines_above_it(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    progress = Progress(stream=stream)
    with progress.task("[1/2] a.tif") as step:
        step(1, 2)
        progress.note("a note")
    assert "a note" in stream.getvalue()
    assert "[1/2] a.tif" in stream.getvalue()  # no markup, although in brackets


def test_a_reader_that_went_away_does_not_stop_the_work():
    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    progress = Progress(stream=Gone())
    progress.note("a")
    assert progress.quiet


def test_without_stderr_all_is_silent_and_stdout_stays_clean(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr", None)
    progress = Progress(verbose=True)
    progress.warn("a")
    progress.detail("b")
    with progress.task("c") as step:
        step(1, 2)
    assert capsys.readouterr().out == ""
