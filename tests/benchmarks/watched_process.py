"""Run a command and watch the memory of its process and that one's children."""

import subprocess
import threading
import time

import psutil

EVERY_SECONDS = 0.2


def run_watched(command: list[str]) -> tuple[str, float]:
    """Return what a command printed, and the peak of its memory in GiB (proportional set size of all its processes).

    Raises:
        SystemExit: it ended with an error.
    """
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peaks = [0]
    watcher = threading.Thread(target=_watch, args=(process, peaks), daemon=True)
    watcher.start()
    output, _ = process.communicate()
    watcher.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return output, round(peaks[0] / 2**30, 2)


def _watch(process: "subprocess.Popen[str]", peaks: list[int]) -> None:
    while process.poll() is None:
        try:
            root = psutil.Process(process.pid)
            family = [root, *root.children(recursive=True)]
            peaks[0] = max(peaks[0], sum(one.memory_full_info().pss for one in family))
        except psutil.Error:
            continue
        time.sleep(EVERY_SECONDS)
