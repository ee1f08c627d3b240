"""Public names of the library: each is exported, and those without audio are importable where no audio library is."""

import importlib
import subprocess
import sys
from types import ModuleType

import pytest

from sercore import models, store

ROOMS = ("augment", "corpora", "evaluation", "features", "models", "protocols", "training")
WITHOUT_AUDIO = """
import sys
for name in ("librosa", "parselmouth"):
    sys.modules[name] = None
from sercore import evaluation, models, protocols, training
"""


@pytest.mark.parametrize("room", ROOMS)
def test_public_names_are_there_and_are_no_modules(room):
    module = importlib.import_module(f"sercore.{room}")
    values = [getattr(module, name) for name in module.__all__]
    assert values
    assert not [value for value in values if isinstance(value, ModuleType)]


def test_networks_have_the_names_of_the_field():
    names = "FCMFCC CNNLSTM CNNATT HubertFT MMFusion MultiTaskMLP SequentialMLP AttributeNetwork ResNet34"
    assert sorted(models.__all__) == sorted(names.split())
    assert all(getattr(models, name).__name__ == name for name in models.__all__)


def test_networks_are_importable_where_no_audio_library_is():
    subprocess.run([sys.executable, "-c", WITHOUT_AUDIO], cwd=store.PROJECT, check=True)
