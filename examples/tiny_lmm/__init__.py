"""A small multimodal model of one's own, written for transformers and for llama.cpp; see the README beside."""
