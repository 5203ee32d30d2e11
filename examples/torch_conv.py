"""A convolutional network in PyTorch on scikit-learn's digits, 100 steps in. It needs torch and scikit-learn."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def setup(steps=100):
    torch.manual_seed(0)
    digits = load_digits()
    x = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16
    rows = TensorDataset(x, torch.tensor(digits.target))
    loader = DataLoader(rows, batch_size=64, shuffle=True)
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(72, 10)
    )
    loss = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    while steps > 0:
        for inputs, labels in loader:
            optimizer.zero_grad()
            loss(net(inputs), labels).backward()
            optimizer.step()
            steps -= 1
    return net, loss, optimizer, loader
