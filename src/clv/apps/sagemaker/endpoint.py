"""A model behind an endpoint of SageMaker: put there, asked, and taken away again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clv.apps.sagemaker.storage import client
from clv.core.errors import ClvError, SettingError
from clv.core.types import Json

#: Seconds between two looks at an endpoint that is being made, and how many there are at most.
PAUSE, LOOKS = 15, 120


class CloudError(ClvError):
    """Amazon refused, or could not be reached."""

    code = "cloud"
    status = 502
    exit_code = 12


@dataclass(frozen=True)
class Deployment:
    """What is asked of SageMaker.

    Attributes
    ----------
    name : of the endpoint, of the model and of the configuration; those of an update have -2
        behind it, those of the next the plain name again
    image : address of the container's image in Amazon's registry
    model_data : s3://bucket/prefix/model.tar.gz
    role : that the container runs as
    instance_type, instances : of a standing endpoint
    memory_mb, concurrency : of a serverless one; None for a standing one
    """

    name: str
    image: str
    model_data: str
    role: str
    instance_type: str = "ml.m5.large"
    instances: int = 1
    memory_mb: int | None = None
    concurrency: int = 5

    def variant(self, model: str) -> Json:
        """The configuration's only variant.

        Parameters
        ----------
        model : its name
        """
        told: Json = {"VariantName": "champion", "ModelName": model}
        if self.memory_mb is not None:
            serverless = {"MemorySizeInMB": self.memory_mb, "MaxConcurrency": self.concurrency}
            return told | {"ServerlessConfig": serverless}
        return told | {
            "InstanceType": self.instance_type,
            "InitialInstanceCount": self.instances,
            "InitialVariantWeight": 1.0,
        }


class Endpoints:
    """SageMaker of one account and region.

    Parameters
    ----------
    region : None takes that of the environment or profile
    endpoint : address of a service that speaks like SageMaker; None is Amazon's
    """

    def __init__(self, region: str | None = None, endpoint: str | None = None) -> None:
        self._region, self._endpoint = region, endpoint

    def deploy(self, wanted: Deployment, *, wait: bool = True, pause: int = PAUSE) -> str:
        """Make model, configuration and endpoint; an endpoint that is there gets the new model.

        An endpoint goes on with its model until the new one answers, and falls back on it should
        that fail: model and configuration of the endpoint as it is are left alone.

        Returns
        -------
        status of the endpoint, as InService

        Raises
        ------
        CloudError : Amazon refused, or the endpoint failed; what was made before is left, and
            `delete` takes it away
        """
        api, names = self._api("sagemaker"), {"EndpointName": wanted.name}
        there = self._ask(api.describe_endpoint, names, missing=True)
        in_use = None if there is None else there["EndpointConfigName"]
        made, config = _made(wanted.name, updated=in_use == wanted.name)
        # What a former attempt left half made.
        self._ask(api.delete_endpoint_config, config, missing=True)
        self._ask(api.delete_model, made, missing=True)
        container = {"Image": wanted.image, "ModelDataUrl": wanted.model_data}
        self._ask(
            api.create_model,
            {**made, "PrimaryContainer": container, "ExecutionRoleArn": wanted.role},
        )
        variant = wanted.variant(made["ModelName"])
        self._ask(api.create_endpoint_config, {**config, "ProductionVariants": [variant]})
        make = api.create_endpoint if there is None else api.update_endpoint
        self._ask(make, {**names, **config})
        if wait:
            waiter = api.get_waiter("endpoint_in_service")
            patience = {"Delay": pause, "MaxAttempts": LOOKS}
            self._ask(waiter.wait, {**names, "WaiterConfig": patience})
        return str(self._status(api, wanted.name))

    def invoke(
        self, name: str, body: bytes, content_type: str = "application/json", accept: str = ""
    ) -> bytes:
        """Ask an endpoint.

        Raises
        ------
        CloudError : it is not there, or refused the body
        """
        api = self._api("sagemaker-runtime")
        told: Json = {"EndpointName": name, "Body": body, "ContentType": content_type}
        if accept:
            told["Accept"] = accept
        answer = self._ask(api.invoke_endpoint, told)
        return bytes(answer["Body"].read())

    def delete(self, name: str) -> list[str]:
        """Take away endpoint, configuration and model, whichever of them there are.

        Returns
        -------
        what there was

        Raises
        ------
        CloudError : Amazon refused
        """
        api = self._api("sagemaker")
        steps = [("endpoint", api.delete_endpoint, {"EndpointName": name})]
        for updated, said in ((False, ""), (True, " of an update")):
            model, config = _made(name, updated=updated)
            steps += [
                (f"endpoint configuration{said}", api.delete_endpoint_config, config),
                (f"model{said}", api.delete_model, model),
            ]
        return [
            what for what, call, told in steps if self._ask(call, told, missing=True) is not None
        ]

    def _status(self, api: Any, name: str) -> str | None:
        found = self._ask(api.describe_endpoint, {"EndpointName": name}, missing=True)
        return None if found is None else str(found["EndpointStatus"])

    def _api(self, service: str) -> Any:
        try:
            return client(service, self._endpoint, self._region)
        except ClvError:
            raise
        except Exception as error:
            # Of botocore, which may not be there to be named.
            if type(error).__name__ != "NoRegionError":
                raise
            raise SettingError(
                f"sagemaker: {error}. Set AWS_DEFAULT_REGION, or give --region."
            ) from error

    def _ask(self, call: Any, told: Json, *, missing: bool = False) -> Any:
        """An answer of Amazon's; None where a thing is not there and may be missing."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return call(**told) or {}
        except ClientError as error:
            said = error.response.get("Error", {}).get("Message", str(error))
            if missing and _is_missing(error):
                return None
            raise CloudError(f"sagemaker: {call.__name__} was refused: {said}") from error
        except BotoCoreError as error:
            raise CloudError(
                f"sagemaker: {error}. Check credentials, region and the network."
            ) from error


def _made(name: str, *, updated: bool) -> tuple[Json, Json]:
    """What the model and the configuration of an endpoint are called."""
    name = f"{name}-2" if updated else name
    return {"ModelName": name}, {"EndpointConfigName": name}


def _is_missing(error: Any) -> bool:
    told = error.response.get("Error", {})
    if told.get("Code") in ("ResourceNotFound", "ResourceNotFoundException", "404"):
        return True
    # Amazon tells of what is not there as of input that cannot be.
    said = str(told.get("Message", "")).lower()
    return "could not find" in said or "does not exist" in said or "not found" in said
