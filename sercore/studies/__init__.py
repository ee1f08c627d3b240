"""One study a paper: what varies, the chapter's parameters, how one trial is run."""
