"""Measure restored stacks against their truth, or judge them without it.

Tests: ``tests/api/test_api_functions.py``.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..words import in_python
from .asking import call_words, checked
from .listening import Listener, Told
from .opening import Source, find, open_stack
from .results import Judgement, Scores

if TYPE_CHECKING:
    from ..jobs.evaluate.files import EvaluateRequest
    from ..jobs.evaluate.result import Evaluation

CHOICES: dict[str, tuple[Any, ...]] = {"nan": ("refuse", "skip"), "legacy": (False, True)}
NOT_OPTIONS = (  # of the request
    "restored", "clean", "noisy", "rules", "command", "output", "overwrite", "pairs",
)  # fmt: skip


@in_python
def evaluate(
    restored: Source,
    clean: Source | None = None,
    noisy: Source | None = None,
    *,
    axes: str | None = None,
    data_range: float | None = None,
    affine: bool = False,
    seed: int = 0,
    progress: bool | Told = False,
    **options: Any,
) -> Scores | Judgement:
    """Measure a restored stack against its truth, or, without truth, judge it by the noisy one.

    Plane by plane, all-zero rows and columns left out, in bounded memory, as ``n2v-evaluate``.

    Parameters
    ----------
    restored : path, array or Stack
        Counts. If all are paths, folders and globs are paired as the command does.
    clean : path, array or Stack, optional
        The truth, of the same sizes. Without it the result is a judgement, and `noisy` is needed.
    noisy : path, array or Stack, optional
        What was restored; adds the gain over it.
    axes : str, optional
        Of all of them, as in `open_stack`.
    data_range : float, optional
        Of PSNR and SSIM, in counts; default clean maximum minus minimum, without lone pixels
        that would make it four times as wide.
    affine : bool
        Fit gain and offset to the truth first, per channel.
    seed : int
        Of the bootstrap.
    progress : bool or callable
        As in `train`.
    **options
        ``keep_strips``, ``nan`` ("refuse" or "skip"), ``legacy`` (as the calcium study measured),
        ``suffix`` (of restored files, for pairing).

    Returns
    -------
    scores : Scores
        With `clean`: a mapping with the keys of ``n2v-evaluate --json``, also as attributes:
        ``psnr`` (dB), ``si_psnr`` (dB), ``ssim``, ``microssim``, ``stsnr`` (dB), each with
        ``mean``, ``std`` and ``n`` over planes and, with `noisy`, ``gain``; ``data_range`` in
        counts. Printed, the command's table.
    judgement : Judgement
        Without: ``overall`` and ``verdicts``, each with ``name``, ``level`` and one plain
        ``sentence``, and ``do_not_measure``; ``judgement.quality`` holds the curves too.

    Raises
    ------
    UsageError
        If neither `clean` nor `noisy` is given, or an option does not exist.
    StackError, AxesError
        If sizes differ, pixels are not finite, or the truth is constant.

    Examples
    --------
    >>> import numpy as np
    >>> from n2v_tools import denoise, evaluate
    >>> clean = np.outer(np.arange(100.0, 300.0), np.ones(160))
    >>> noisy = clean + np.random.default_rng(0).normal(0, 9, clean.shape)
    >>> scores = evaluate(denoise(noisy, method="gaussian", axes="YX"), clean, noisy, axes="YX")
    >>> scores.data_range, scores["psnr"]["gain"]["mean"] > 5
    (199.0, True)
    """
    from ..jobs.evaluate.files import EvaluateRequest
    from ..jobs.evaluate.scoreboard import as_text
    from ..measure.first_pass import Rules

    listener = Listener(progress)
    given = {"axes": axes, "data_range": data_range, "affine": affine, "seed": seed}
    options = checked(options, EvaluateRequest, {*NOT_OPTIONS, *given}, CHOICES)
    if clean is None:
        for name in options:
            raise UsageError(f"{name} needs the truth: give clean, or leave it out.")
        return _judge(restored, noisy, axes, seed, listener)
    words = call_words("evaluate", {**given, **options})
    if data_range is not None and not data_range > 0:
        raise UsageError(f"data_range is {data_range}: give counts, a number above 0.")
    if options.get("legacy") and (data_range is not None or affine):
        raise UsageError("legacy=True and data_range or affine contradict each other; give one.")
    rules = Rules(
        data_range=data_range,
        affine=affine,
        legacy=options.pop("legacy", False),
        skip_nan=options.pop("nan", "refuse") == "skip",
    )
    request = EvaluateRequest(axes=axes, rules=rules, seed=seed, command=words, **options)
    sources = {"restored": restored, "clean": clean, "noisy": noisy}
    named = {role: source for role, source in sources.items() if source is not None}
    evaluation = _measure(named, request, listener)
    for one in evaluation.failed:
        listener.warn(one.error)
    return Scores(evaluation.to_json(planes=True), "\n".join(as_text(evaluation)))


def _measure(
    sources: Mapping[str, Source], request: EvaluateRequest, listener: Listener
) -> Evaluation:
    """Measure paths as the command does, and anything else that is open or can be opened."""
    from ..jobs.desk.pairs import Trio
    from ..jobs.evaluate.files import evaluate_files, evaluate_trios

    if all(isinstance(source, (str, os.PathLike)) for source in sources.values()):
        paths: dict[str, Any] = {role: find(source) for role, source in sources.items()}
        return evaluate_files(dataclasses.replace(request, **paths), listener, find)
    stacks = {role: _named(source, request.axes, role) for role, source in sources.items()}
    names = {role: stack.name for role, stack in stacks.items()}
    return evaluate_trios([Trio(names, stacks)], request, listener)


def _named(source: Source, axes: str | None, role: str) -> Any:
    """Open a source; an array is called by its role."""
    stack = open_stack(source, axes)
    return dataclasses.replace(stack, name=role) if stack.name == "array" else stack


def _judge(
    restored: Source,
    noisy: Source | None,
    axes: str | None,
    seed: int,
    listener: Listener,
) -> Judgement:
    if noisy is None:
        raise UsageError("give clean, the truth, or noisy, what was restored, or both.")
    from ..jobs.desk.outcomes import Outcome
    from ..jobs.judge.files import Judgements
    from ..trust.quality import judge_restored

    stacks = {"noisy": _named(noisy, axes, "noisy"), "restored": _named(restored, axes, "restored")}
    with listener.task(stacks["restored"].name) as step:
        quality = judge_restored(**stacks, seed=seed, step=step)
    names = {role: stack.name for role, stack in stacks.items()}
    return Judgement(quality, Judgements((Outcome(names, quality),)).as_text())
