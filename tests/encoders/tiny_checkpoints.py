"""Tiny checkpoints of every kind of encoder, their weights drawn from one seed."""

import numpy as np
import torch
import transformers
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from sercore import encoders

TINY = {**encoders.RANDOM, "vocab_size": 12}
STABLE = {**TINY, "feat_extract_norm": "layer", "do_stable_layer_norm": True}
WHISPER = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "num_mel_bins": 20,
    "max_source_positions": 50,  # 1 s
    "max_target_positions": 20,
    "vocab_size": 60,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 1,
}
WAVEFORM = {
    "wav2vec2-base": ("Wav2Vec2", TINY, False),
    "wav2vec2-large": ("Wav2Vec2", STABLE, True),
    "hubert-large": ("Hubert", STABLE, True),
    "wavlm-base": ("WavLM", TINY, True),
    "wavlm-large": ("WavLM", STABLE, True),
    "unispeech-large": ("UniSpeech", STABLE, True),
    "unispeech-sat-large": ("UniSpeechSat", STABLE, True),
    "data2vec-base": ("Data2VecAudio", TINY, True),
    "conformer": ("Wav2Vec2Conformer", STABLE, True),
}


def noise(samples, seed=0):
    return (0.1 * np.random.default_rng([samples, seed]).standard_normal(samples)).astype(
        np.float32
    )


def save(folder, kind):
    """A tiny checkpoint, its weights drawn from one seed."""
    torch.manual_seed(1)
    if kind.startswith("whisper"):
        config = transformers.WhisperConfig(**WHISPER)
        whole = {
            "whisper-full": transformers.WhisperForConditionalGeneration,
            "whisper-model": transformers.WhisperModel,
        }
        model = whole.get(kind, WhisperEncoder)(config)
        extractor = transformers.WhisperFeatureExtractor(feature_size=20, chunk_length=1)
    else:
        family, values, mask = WAVEFORM[kind]
        model = getattr(transformers, f"{family}Model")(
            getattr(transformers, f"{family}Config")(**values)
        )
        extractor = transformers.Wav2Vec2FeatureExtractor(
            do_normalize=True, return_attention_mask=mask
        )
    model.save_pretrained(folder)
    extractor.save_pretrained(folder)
    return model.eval()
