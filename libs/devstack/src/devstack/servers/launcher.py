"""Becomes another program, after giving up root and asking to die with the parent.

Runs as a file of its own in a fresh interpreter (`python -I -S launcher.py …`): the same steps between fork and exec of a threaded parent
can deadlock. It must therefore import the standard library only.

Arguments: parent's pid, signal to get when the parent dies, uid, gid (-1: stay who we are), then the program and its arguments.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Replace this process by the program named in `arguments`."""
    parent, death_signal, uid, gid = (int(word) for word in arguments[:4])
    program = arguments[4:]
    kernel = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if kernel is not None:
        # After the change of user: the kernel forgets the wish when credentials change.
        kernel.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit("the parent ended before its child began")
    os.execvp(program[0], program)


if __name__ == "__main__":
    main(sys.argv[1:])
