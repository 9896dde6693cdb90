"""Set up the model libraries for a process that works alone: a fixed number of threads, nothing printed."""


def set_up_libraries(threads: int) -> None:
    """Let torch use that many threads, and keep transformers quiet.

    Args:
        threads: at least 1; more than the processor has cores slows down.
    """
    import torch
    from transformers.utils import logging

    torch.set_num_threads(threads)
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
