"""A HuBERT of a few thousand parameters as a configuration: normalised as base is, or as large is; nothing in it is random."""

BASE = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "conv_dim": [8, 8],
    "conv_kernel": [10, 8],
    "conv_stride": [5, 4],
    "num_feat_extract_layers": 2,
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2,
    "layerdrop": 0.0,
    "hidden_dropout": 0.0,
    "attention_dropout": 0.0,
    "activation_dropout": 0.0,
    "mask_time_prob": 0.0,
}
LARGE = BASE | {"feat_extract_norm": "layer", "conv_bias": True, "do_stable_layer_norm": True}
