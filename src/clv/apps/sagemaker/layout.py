"""Where SageMaker puts what a container needs, and takes what it made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from clv.apps.settings import settings
from clv.core.errors import SettingError
from clv.core.types import Json
from clv.ops.machine import Machine


@dataclass(frozen=True)
class Layout:
    """The folders of a container.

    References
    ----------
    Amazon SageMaker AI Developer Guide, "How Amazon SageMaker AI provides training information"
    and "How SageMaker AI serves requests"
    """

    root: Path

    @classmethod
    def here(cls) -> Layout:
        """Under /opt/ml, or under CLV_SAGEMAKER_ROOT."""
        return cls(settings().sagemaker_root)

    @property
    def model(self) -> Path:
        """What training leaves, and serving reads."""
        return self.root / "model"

    @property
    def failure(self) -> Path:
        """Why training failed; its first kilobyte is shown to whoever started it."""
        return self.root / "output" / "failure"

    @property
    def hyperparameters(self) -> dict[str, str]:
        """What training was told, all texts.

        Raises
        ------
        SettingError : the file is not what SageMaker writes
        """
        told = self._json("hyperparameters.json")
        return {str(name): str(value) for name, value in told.items()}

    @property
    def channels(self) -> dict[str, Path]:
        """Folder of each channel of input data.

        Raises
        ------
        SettingError : a channel comes in a way that is no folder, or in parts
        """
        data = self.root / "input" / "data"
        named = self._json("inputdataconfig.json")
        for name, told in named.items():
            self._require_whole(name, told if isinstance(told, dict) else {})
        there = sorted(path.name for path in data.iterdir()) if data.is_dir() else []
        return {name: data / name for name in [*named, *there] if (data / name).is_dir()}

    @property
    def hosts(self) -> list[str]:
        """Names of the machines of the job; none where SageMaker does not say."""
        return [str(name) for name in self._json("resourceconfig.json").get("hosts") or []]

    @property
    def leads(self) -> bool:
        """Whether this machine is the one that trains, the first of the job's."""
        told = self._json("resourceconfig.json")
        return not self.hosts or told.get("current_host", self.hosts[0]) == self.hosts[0]

    @property
    def machine(self) -> Machine:
        """All of the machine, as nothing else runs on it; what is written goes beside the model."""
        return Machine(self.root / "work", memory_limit=None)

    def _require_whole(self, channel: str, told: Json) -> None:
        if told.get("TrainingInputMode") == "Pipe":
            raise SettingError(
                f"sagemaker: the channel {channel} comes as a pipe, and a log is read from files."
                " Set its input mode to File or FastFile."
            )
        if told.get("S3DistributionType") == "ShardedByS3Key" and len(self.hosts) > 1:
            raise SettingError(
                f"sagemaker: the channel {channel} is spread over {len(self.hosts)} machines, and"
                " a log is read whole. Set its distribution to FullyReplicated, or take one"
                " machine."
            )

    def _json(self, name: str) -> Json:
        path = self.root / "input" / "config" / name
        if not path.is_file():
            return {}
        try:
            content = json.loads(path.read_text())
        except ValueError as error:
            raise SettingError(f"sagemaker: {path} is not JSON ({error}).") from None
        if not isinstance(content, dict):
            raise SettingError(f"sagemaker: {path} holds no object.")
        return content
