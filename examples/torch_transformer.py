"""A small transformer in PyTorch that learns to spell Python's own help, 60 steps in. It needs torch."""

import torch
from torch import nn

LETTERS, LENGTH, WIDTH = 128, 32, 32


class Speller(nn.Module):
    def __init__(self):
        super().__init__()
        self.letter, self.place = nn.Embedding(LETTERS, WIDTH), nn.Embedding(LENGTH, WIDTH)
        nn.init.normal_(self.letter.weight, std=0.1)
        layer = nn.TransformerEncoderLayer(
            WIDTH, 4, 2 * WIDTH, dropout=0.1, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(LENGTH))

    def forward(self, text):
        seen = self.letter(text) + self.place(torch.arange(LENGTH))
        return self.layers(seen, mask=self.mask) @ self.letter.weight.T  # the embedding is tied


def loss(net, batch):
    return nn.functional.cross_entropy(net(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())


def setup(steps=60):
    torch.manual_seed(0)
    text = torch.tensor(
        [ord(letter) % LETTERS for kind in (str, dict, list, int, set) for letter in helped(kind)]
    )
    text = text[: len(text) // (LENGTH + 1) * (LENGTH + 1)].view(-1, LENGTH + 1)
    batches = list(text[torch.randperm(len(text))].split(16))
    net = Speller()
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
    for step in range(steps):
        optimizer.zero_grad()
        loss(net, batches[step % len(batches)]).backward()
        optimizer.step()
    return net, loss, optimizer, batches


def helped(kind):
    return "".join(method.__doc__ or "" for method in vars(kind).values() if callable(method))
