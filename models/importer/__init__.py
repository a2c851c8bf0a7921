# SPDX-License-Identifier: MIT
"""Readers of the files in which networks are published, and the writer of diarist's model files.

Only Python's standard library is used, and nothing in a file is ever executed or imported.
"""

VERSION = "diarist-import 1"


class Failure(Exception):
    """One line for the user: what is wrong; what to do. exit_code as in `import.py --help`."""

    def __init__(self, message, exit_code=3):
        super().__init__(message)
        self.exit_code = exit_code


USAGE, UNREADABLE, MISMATCH = 2, 3, 4
