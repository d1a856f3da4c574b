"""The reader's network in torch: a MiniLM cross-encoder's layers and two heads that look at every judged token and at
the whole."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH, HEADS, INNER = 384, 12, 1536
WORDS, PLACES = 30522, 512
KEPT = (0, 1, 2, 3, 5, 6, 8, 10, 11)  # of the base's twelve layers; all of them would be 34 MB


class Layer(nn.Module):
    """One layer of BERT."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.mixed, self.mixed_norm = nn.Linear(WIDTH, WIDTH), nn.LayerNorm(WIDTH, eps=1e-12)
        self.inner, self.outer = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)
        self.outer_norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.dropout = nn.Dropout(0.1)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        def heads(rows: Tensor) -> Tensor:
            return rows.unflatten(-1, (HEADS, WIDTH // HEADS)).transpose(1, 2)

        query, key, value = heads(self.query(hidden)), heads(self.key(hidden)), heads(self.value(hidden))
        odds = query @ key.transpose(-1, -2) / math.sqrt(WIDTH // HEADS) + mask
        seen = (torch.softmax(odds, dim=-1) @ value).transpose(1, 2).flatten(-2)
        hidden = self.mixed_norm(hidden + self.dropout(self.mixed(seen)))
        out: Tensor = self.outer_norm(hidden + self.dropout(self.outer(functional.gelu(self.inner(hidden)))))
        return out


class Network(nn.Module):
    """`logits` `(pairs, 3)`: answers, wrong, contradicted where wrong; `tokens` `(pairs, width, 2)`: answering, wrong.

    A sentence answers when some token of it looks like the answer, a claim is wrong when some token of it is: the
    smooth maximum over the judged tokens is part of the logit, and learns from marked characters, too.
    """

    def __init__(self) -> None:
        super().__init__()
        self.words, self.places, self.kinds = (nn.Embedding(size, WIDTH) for size in (WORDS, PLACES, 2))
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.layers = nn.ModuleList(Layer() for _ in KEPT)
        self.dropout = nn.Dropout(0.1)
        self.pooler, self.relevant = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 1)
        self.token = nn.Linear(WIDTH, 2)
        self.whole = nn.Linear(3 * WIDTH + 1, 3)
        for head in (self.token, self.whole):
            nn.init.normal_(head.weight, std=0.02)
        nn.init.constant_(self.token.bias, -3.0)
        nn.init.zeros_(self.whole.bias)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> tuple[Tensor, Tensor]:
        width = input_ids.shape[1]
        hidden = self.words(input_ids) + self.places(torch.arange(width)) + self.kinds(token_type_ids)
        hidden = self.dropout(self.norm(hidden))
        mask = (1.0 - attention_mask[:, None, None, :].float()) * -1e4
        for layer in self.layers:
            hidden = layer(hidden, mask)
        hidden = hidden.float()
        judged = token_type_ids.float()
        read = attention_mask.float() - judged
        ours, theirs = _mean(hidden, judged), _mean(hidden, read)
        alike = (functional.normalize(ours, dim=-1) * functional.normalize(theirs, dim=-1)).sum(-1, keepdim=True)
        whole = self.whole(self.dropout(torch.cat([hidden[:, 0], ours, theirs, 4 * alike], dim=-1)))
        relevant = self.relevant(self.dropout(torch.tanh(self.pooler(hidden[:, 0]))))
        tokens = self.token(self.dropout(hidden))
        most = torch.logsumexp(tokens + (judged[:, :, None] - 1.0) * 1e4, dim=1)
        return whole + functional.pad(most, (0, 1)) + functional.pad(relevant, (0, 2)), tokens


def _mean(hidden: Tensor, mask: Tensor) -> Tensor:
    return (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1.0)


def from_base(path: Path) -> Network:
    """The network with the weights of a cross-encoder `model.onnx` of MiniLM's shape, its int8 weights made floats.

    Its own head becomes a part of whether a sentence answers; the other heads are new.
    """
    import onnx
    from onnx.numpy_helper import to_array

    graph = onnx.load(str(path)).graph
    held = {one.name: to_array(one) for one in graph.initializer}

    def matrix(name: str) -> Tensor:
        name = name.removesuffix("_quantized")
        whole = held[f"{name}_quantized"].astype("float32") - held[f"{name}_zero_point"].astype("float32")
        return torch.from_numpy(whole * held[f"{name}_scale"])

    products = [node.input[1] for node in graph.node if node.op_type == "MatMulInteger"]
    network = Network()
    state = network.state_dict()
    for new, old in {"words": "word", "places": "position", "kinds": "token_type"}.items():
        state[f"{new}.weight"] = matrix(f"bert.embeddings.{old}_embeddings.weight")
    names = {"norm": "bert.embeddings.LayerNorm", "pooler": "bert.pooler.dense", "relevant": "classifier"}
    parts = {part: f"attention.self.{part}" for part in ("query", "key", "value")}
    parts |= {"mixed": "attention.output.dense", "inner": "intermediate.dense", "outer": "output.dense"}
    norms = {"mixed_norm": "attention.output.LayerNorm", "outer_norm": "output.LayerNorm"}
    for number, layer in enumerate(KEPT):
        for place, part in enumerate(parts):
            state[f"layers.{number}.{part}.weight"] = matrix(products[layer * len(parts) + place]).T
        names |= {f"layers.{number}.{new}": f"bert.encoder.layer.{layer}.{old}" for new, old in (parts | norms).items()}
    state["pooler.weight"], state["relevant.weight"] = (matrix(one).T for one in products[-2:])
    for new, old in names.items():
        for end in ("weight", "bias"):
            if f"{old}.{end}" in held:
                state[f"{new}.{end}"] = torch.from_numpy(held[f"{old}.{end}"].copy())
    network.load_state_dict(state)
    return network


def freeze(network: Network, layers: int) -> None:
    """Keep the embeddings and the first `layers` as they are."""
    kept = [network.words, network.places, network.norm, *network.layers[:layers]]
    for part in kept:
        for weight in part.parameters():
            weight.requires_grad = False
