"""The reader's network in torch: MiniLM's encoder and two heads that look at every judged token and at the whole."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH, HEADS, LAYERS, INNER = 384, 12, 6, 1536
WORDS, PLACES = 30522, 512


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
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.dropout = nn.Dropout(0.1)
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
        tokens = self.token(self.dropout(hidden))
        most = torch.logsumexp(tokens + (judged[:, :, None] - 1.0) * 1e4, dim=1)
        return whole + functional.pad(most, (0, 1)), tokens


def _mean(hidden: Tensor, mask: Tensor) -> Tensor:
    return (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1.0)


def from_base(path: Path) -> Network:
    """The network with the encoder of all-MiniLM-L6-v2 (`model.safetensors`) and new heads."""
    from safetensors.torch import load_file

    given, network = load_file(str(path)), Network()
    names = {
        "words": "embeddings.word_embeddings", "places": "embeddings.position_embeddings",
        "kinds": "embeddings.token_type_embeddings", "norm": "embeddings.LayerNorm",
    }  # fmt: skip
    for number in range(LAYERS):
        old, new = f"encoder.layer.{number}", f"layers.{number}"
        for part in ("query", "key", "value"):
            names[f"{new}.{part}"] = f"{old}.attention.self.{part}"
        names[f"{new}.mixed"], names[f"{new}.mixed_norm"] = (
            f"{old}.attention.output.{x}" for x in ("dense", "LayerNorm")
        )
        names[f"{new}.inner"] = f"{old}.intermediate.dense"
        names[f"{new}.outer"], names[f"{new}.outer_norm"] = f"{old}.output.dense", f"{old}.output.LayerNorm"
    state = network.state_dict()
    for new, old in names.items():
        for end in ("weight", "bias"):
            if f"{new}.{end}" in state:
                state[f"{new}.{end}"] = given[f"{old}.{end}"]
    network.load_state_dict(state)
    return network


def freeze(network: Network, layers: int) -> None:
    """Keep the embeddings and the first `layers` as they are."""
    kept = [network.words, network.places, network.norm, *network.layers[:layers]]
    for part in kept:
        for weight in part.parameters():
            weight.requires_grad = False
