"""The CIFAR ResNets of He et al. in PyTorch, with the parameter names that ours have."""

from torch import nn
from torchvision.models.resnet import BasicBlock


class CifarResNet(nn.Module):
    """He et al., section 4.2, with projection shortcuts: 6n + 2 layers, 16, 32 and 64 channels."""

    def __init__(self, depth, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.relu = nn.ReLU()
        channels = 16
        for stage, width in enumerate((16, 32, 64), start=1):
            blocks = []
            for index in range((depth - 2) // 6):
                stride = 2 if stage > 1 and index == 0 else 1
                projection = None
                if stride > 1 or channels != width:
                    projection = nn.Sequential(
                        nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width)
                    )
                blocks.append(BasicBlock(channels, width, stride, projection))
                channels = width
            self.add_module(f"layer{stage}", nn.Sequential(*blocks))
        self.fc = nn.Linear(64, classes)

    def forward(self, images):
        values = self.relu(self.bn1(self.conv1(images)))
        values = self.layer3(self.layer2(self.layer1(values)))
        return self.fc(values.mean((2, 3)))
