"""Splits, the leaks that they forbid, and ``leaks``, which finds them in any table of clips."""

from sercore.protocols.leaks import Leak, find_leaks, fitted_beyond, refuse_leaks
from sercore.protocols.sessions import clip_split, group_fold, leave_one_session_out
from sercore.protocols.speakers import LeakError, folded, forbid_shared, speaker_folds
from sercore.protocols.splits import (
    FOLDS,
    by_label,
    by_origin,
    grouped_folds,
    shuffled_folds,
    texts_seen,
)

__all__ = [
    "FOLDS",
    "Leak",
    "LeakError",
    "by_label",
    "by_origin",
    "clip_split",
    "find_leaks",
    "fitted_beyond",
    "folded",
    "forbid_shared",
    "group_fold",
    "grouped_folds",
    "leave_one_session_out",
    "refuse_leaks",
    "shuffled_folds",
    "speaker_folds",
    "texts_seen",
]
