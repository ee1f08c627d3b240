"""One readable loop, its objectives and its batches; nothing here knows audio files or notebooks."""
