"""How often the overall verdict on a restored file is right, where the truth is known.

Restored images are made of generated ones and their truth (`verdict_cases`), so that what is
wrong with each is known; the verdict sees only the noisy and the restored one. Limits were
chosen on seeds below 100.

    python benchmarks/verdicts.py --write
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict

from sidebyside import Report, parser
from verdict_cases import MOVIES, PATTERNED, STILLS, restorations

from n2v_tools.stack import Stack
from n2v_tools.trust.quality import judge_restored
from n2v_tools.trust.verdicts import OVERALL

FIRST_SEED = 100


def main() -> None:
    options = parse()
    with Report("Verdicts without the truth", "verdicts", options.write) as report:
        report.say(
            f"\n{options.seeds} seeds from {options.first} on; each cell: how many are right, of "
            "those that truly are so."
        )
        asked: dict[str, Counter[str]] = defaultdict(Counter)
        wrong: Counter[str] = Counter()
        report.columns("scene", *OVERALL[:5])
        groups = {"stills": STILLS, "patterned": PATTERNED, "movies": MOVIES}
        for group in options.groups:
            for make in groups[group]:
                here: dict[str, Counter[bool]] = defaultdict(Counter)
                for seed in range(options.first, options.first + options.seeds):
                    scene = make(seed)
                    for case in restorations(scene, seed):
                        restored = Stack(case.restored, scene.axes, name=case.how)
                        found = judge_restored(scene.stack, restored, seed=seed).overall.name
                        asked[case.truth][found] += 1
                        here[case.truth][found == case.truth] += 1
                        if found != case.truth:
                            wrong[f"{scene.name}: {case.how} -> {found}"] += 1
                            if options.verbose:
                                print(f"    {seed} {scene.name}: {case.how} -> {found}")
                cells = [f"{here[t][True]} of {here[t].total()}" for t in OVERALL[:5]]
                report.row(scene.name, *cells)
        report.say("\nWhat is said (columns) of what is true (rows):")
        report.columns("", *OVERALL)
        for truth in OVERALL[:5]:
            report.row(truth, *(asked[truth][found] for found in OVERALL))
        right = sum(asked[truth][truth] for truth in OVERALL)
        total = sum(each.total() for each in asked.values())
        shares = [
            f"{truth} {100 * asked[truth][truth] / asked[truth].total():.1f} %"
            for truth in OVERALL
            if asked[truth]
        ]
        report.say(
            f"\nRight: {right} of {total}, {100 * right / total:.1f} %: {', '.join(shares)}."
        )
        for text, n in wrong.most_common(12):
            report.say(f"- wrong {n} times: {text}")


def parse() -> argparse.Namespace:
    known = parser(__doc__, "verdicts")
    known.add_argument("--seeds", type=int, default=6)
    known.add_argument("--first", type=int, default=FIRST_SEED)
    known.add_argument(
        "--groups",
        nargs="+",
        default=["stills", "patterned", "movies"],
        choices=["stills", "patterned", "movies"],
    )
    known.add_argument("--verbose", action="store_true")
    return known.parse_args()


if __name__ == "__main__":
    main()
