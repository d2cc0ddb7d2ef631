"""Generated files: what is committed is what its source gives today."""

import subprocess
import sys


def test_the_protocol_code_is_fresh(root):
    """Installs the pinned generator on the first run; after that it takes half a second."""
    command = [sys.executable, "scripts/gen_protos.py", "--check"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_settings_page_is_fresh(root):
    command = [sys.executable, "scripts/gen_settings.py", "--check"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, "docs/settings.md is stale: run `make gen`"
