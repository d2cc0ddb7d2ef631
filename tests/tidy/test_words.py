"""What may not stand in any file: paths of one machine, tracker numbers, registry hosts, work put off."""

import re

import pytest

# Written with a class in each, so that this file does not match itself.
FORBIDDEN = {
    "a path of one machine": r"/wor[k]/(main|shared)|/roo[t]/|/hom[e]/(?!bostan\b)|/op[t]/(pypi|wheels)",
    "a tracker number": r"(?i)\bissu[e]s?\s+#?\d+|\(#\d+[)]|\bse[e] #\d+",
    "the host of a package registry": r"pyp[i]\.org|pythonhoste[d]\.org|npmj[s]\.(org|com)|deb\.debia[n]\.org",
    "work put off": r"\bTOD[O]\b|\bFIXM[E]\b|\bXX[X]\b|\bHAC[K]\b|NotImplementedErro[r]",
}


@pytest.mark.parametrize(("what", "pattern"), FORBIDDEN.items(), ids=FORBIDDEN.keys())
def test_no_file_holds(what, pattern, texts, root):
    found = [
        f"{path.relative_to(root)}:{number}: {what}: {line.strip()[:80]}"
        for path in texts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a path of one machine", "cd /roo{}t/bostan"),
        ("a tracker number", "mended (#1{}2)"),
        ("the host of a package registry", "pyp{}i.org/simple"),
        ("work put off", "# TO{}DO: later"),
    ],
)
def test_the_patterns_see_what_they_forbid(what, line):
    assert re.search(FORBIDDEN[what], line.format(""))


def test_files_end_in_one_newline_and_hold_no_tabs_in_python(modules):
    bad = [
        module.name for module in modules if not module.text.endswith("\n") or module.text.endswith("\n\n")
    ]
    assert [module.name for module in modules if "\t" in module.text] + bad == []
