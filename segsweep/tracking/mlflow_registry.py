"""MLflow's model registry: versions of a model, each of the files of one run."""

from collections.abc import Mapping

from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from segsweep.tracking.mlflow_store import MlflowStore, translated
from segsweep.tracking.protocol import WEIGHTS_FILE, RegisteredModel


def register(store: MlflowStore, name: str, run_id: str, tags: Mapping[str, str], note: str) -> RegisteredModel:
    """A new version of a model, which is made where it is the first.

    Raises:
        TrackingError: the store refuses the name or a tag.
    """
    with translated(f"model {name}"):
        try:
            store.client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        made = store.client.create_model_version(
            name, f"runs:/{run_id}/{WEIGHTS_FILE}", run_id, tags=dict(tags), description=note
        )
    return _model(made)


def versions(store: MlflowStore, name: str) -> tuple[RegisteredModel, ...]:
    """The versions of a model, the first one first."""
    with translated(f"model {name}"):
        found = store.client.search_model_versions(f"name = '{name}'")
    return tuple(sorted(map(_model, found), key=lambda model: model.version))


def _model(version: ModelVersion) -> RegisteredModel:
    return RegisteredModel(version.name, int(version.version), version.run_id, dict(version.tags))
