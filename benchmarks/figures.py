"""Write what the last run of grading.py found into the pages that tell of it, as the blocks of figures.md say it.

python benchmarks/figures.py
"""

import json
import re
from pathlib import Path
from statistics import median

from jinja2 import Environment, FileSystemLoader, StrictUndefined

HERE = Path(__file__).resolve().parent
PAGES = {"scale": HERE.parent / "docs" / "scale.md", "readme": HERE.parent / "README.md"}
TEMPLATES = Environment(loader=FileSystemLoader(HERE), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
TEMPLATES.filters |= {
    "ms": lambda seconds: f"{1000 * seconds:.1f}" if seconds < 0.01 else f"{1000 * seconds:.0f}",
    "s": lambda seconds: f"{seconds:.3f}" if seconds < 1 else f"{seconds:.1f}",
    "MB": lambda size: f"{size / 1e6:.0f}",
    "count": lambda number: f"{number:,}",
    "times": lambda ratios: f"{median(ratios):.2f} ({', '.join(f'{one:.2f}' for one in sorted(ratios))})",
}


def derived(found):
    """Return what was found, with the sums and ratios that the pages speak of."""
    compared = found["compared"]

    def both(who, kind, what):
        return sum(compared[who][step][kind][what] for step in ("grading", "feedback"))

    classes = [
        one
        | {kind: sum(one[step][kind] for step in ("grading", "feedback", "table")) for kind in ("clock", "processor")}
        | {"memory": max(one[step]["memory"] for step in ("grading", "feedback", "table"))}
        for one in found["classes"]
    ]
    large = classes[-1]
    writer = sum(large[step]["own"] for step in ("grading", "feedback"))
    return found | {
        "classes": classes,
        "large": large,
        "both": {
            who: {kind: both(who, kind, "each") for kind in ("processor", "clock")} for who in ("nbgrader", "ours")
        },
        "ratio": {kind: both("nbgrader", kind, "each") / both("ours", kind, "each") for kind in ("processor", "clock")},
        "with_start": {
            kind: both("nbgrader", kind, "class") / both("ours", kind, "class") for kind in ("processor", "clock")
        },
        "more_memory": large["grading"]["memory"] / classes[0]["grading"]["memory"] - 1,
        "writer": writer / large["size"],
        "cores_for_writer": (large["processor"] - writer) / writer,
        "million": large["processor"] / large["size"] * 1e6 / 3600,
        "million_of_nbgrader": both("nbgrader", "processor", "each") * 1e6 / 3600,
    }


def written(page, name, found):
    """Return a page with its block as it has to be."""
    template = TEMPLATES.get_template("figures.md")
    block = "".join(template.blocks[name](template.new_context(derived(found)))).strip("\n")
    made, times = re.subn(
        rf"(<!-- figures: {name} -->\n).*?(\n<!-- end -->)",
        lambda mark: mark[1] + block + mark[2],
        page,
        flags=re.DOTALL,
    )
    if times != 1:
        raise SystemExit(f"The figures {name!r} have {times} places; expected one.")
    return made


def main():
    found = json.loads((HERE / "grading.json").read_text())
    for name, path in PAGES.items():
        path.write_text(written(path.read_text(), name, found))
        print(f"Wrote the figures of {path.relative_to(HERE.parent)}.")


if __name__ == "__main__":
    main()
