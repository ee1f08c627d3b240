"""Splits, and the leaks they forbid."""

from sercore.protocols.sessions import clip_split, group_fold, leave_one_session_out
from sercore.protocols.speakers import speaker_folds, texts_seen
from sercore.protocols.splits import (
    FOLDS,
    LeakError,
    by_label,
    by_origin,
    forbid_shared,
    grouped_folds,
    shuffled_folds,
)

__all__ = [
    "FOLDS",
    "LeakError",
    "by_label",
    "by_origin",
    "clip_split",
    "forbid_shared",
    "group_fold",
    "grouped_folds",
    "leave_one_session_out",
    "shuffled_folds",
    "speaker_folds",
    "texts_seen",
]
