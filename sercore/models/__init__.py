"""Published networks, one file each; ``counts`` lists their parameters."""

from sercore.models.attribute_network import AttributeNetwork
from sercore.models.cnnatt import CNNATT
from sercore.models.cnnlstm import CNNLSTM
from sercore.models.fcmfcc import FCMFCC
from sercore.models.hubertft import HubertFT
from sercore.models.mmfusion import MMFusion
from sercore.models.multi_task_mlp import MultiTaskMLP
from sercore.models.resnet import ResNet34
from sercore.models.sequential_mlp import SequentialMLP

__all__ = [
    "CNNATT",
    "CNNLSTM",
    "FCMFCC",
    "AttributeNetwork",
    "HubertFT",
    "MMFusion",
    "MultiTaskMLP",
    "ResNet34",
    "SequentialMLP",
]
