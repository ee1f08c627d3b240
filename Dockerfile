# The book and every check in an image, by the same commands as in the README.
#
#   docker build -t sercore .                                on a processor
#   docker build -t sercore-gpu --build-arg TORCH_INDEX= .   with PyTorch's CUDA build, to run with --gpus all
FROM python:3.11-slim

# Where PyTorch's wheels for a processor are; empty for the package index' own, which are those for NVIDIA GPUs.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

RUN apt-get update && apt-get install --yes --no-install-recommends make git && rm -rf /var/lib/apt/lists/*
WORKDIR /sercore
COPY . .
RUN make .venv/installed TORCH_INDEX=$TORCH_INDEX
ENV PATH=/sercore/.venv/bin:$PATH

CMD ["make", "book"]
