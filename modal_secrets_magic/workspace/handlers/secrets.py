"""Secrets: values come in and go to containers; no answer ever holds one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from ...errors import ModalSecretsError
from ...names import check_key, check_name, check_value, check_values
from ..engine import Engine
from ..store import AlreadyThere, NotThere, SecretRecord
from ..wire import Caller, already_exists, invalid, not_found, precondition

_MAX_PAGE = 100


async def SecretGetOrCreate(
    engine: Engine, request: api_pb2.SecretGetOrCreateRequest, caller: Caller
) -> api_pb2.SecretGetOrCreateResponse:
    how = request.object_creation_type
    if how in (
        api_pb2.OBJECT_CREATION_TYPE_EPHEMERAL,
        api_pb2.OBJECT_CREATION_TYPE_ANONYMOUS_OWNED_BY_APP,
    ):
        _check_pairs(request.env_dict)
        record = engine.transient.create(dict(request.env_dict), app_id=request.app_id)
    elif how == api_pb2.OBJECT_CREATION_TYPE_UNSPECIFIED:
        record = _find(engine, request)
    else:
        record = _create(engine, request)
    _require(record, request.required_keys)
    return api_pb2.SecretGetOrCreateResponse(secret_id=record.id, metadata=_metadata(record))


async def SecretList(
    engine: Engine, request: api_pb2.SecretListRequest, caller: Caller
) -> api_pb2.SecretListResponse:
    environment = engine.environment(request.environment_name).name
    records = engine.store.secrets(
        environment,
        limit=min(request.pagination.max_objects or _MAX_PAGE, _MAX_PAGE),
        created_before=request.pagination.created_before or None,
    )
    return api_pb2.SecretListResponse(
        environment_name=environment,
        items=[
            api_pb2.SecretListItem(
                label=record.name,
                created_at=record.created_at,
                last_used_at=record.last_used_at,
                environment_name=record.environment,
                secret_id=record.id,
                metadata=_metadata(record),
            )
            for record in records
        ],
    )


async def SecretGetInfo(
    engine: Engine, request: api_pb2.SecretGetInfoRequest, caller: Caller
) -> api_pb2.SecretGetInfoResponse:
    return api_pb2.SecretGetInfoResponse(metadata=_metadata(engine.secret(request.secret_id)))


async def SecretUpdate(
    engine: Engine, request: api_pb2.SecretUpdateRequest, caller: Caller
) -> Empty:
    record = engine.secret(request.secret_id)
    added = {update.key: update.value for update in request.updates if update.HasField("value")}
    removed = [update.key for update in request.updates if not update.HasField("value")]
    _check_pairs(added)
    unknown = set(removed) - set(record.keys)
    if unknown:
        raise not_found(f"Secret '{record.name}' has no key {', '.join(sorted(unknown))}")
    if not (set(record.keys) - set(removed)) | set(added):
        raise invalid(f"Secret '{record.name}' would have no key left; delete it instead.")
    if engine.transient.has(record.id):
        engine.transient.update(record.id, added, removed)
    else:
        engine.store.update(record.id, added, removed)
    return Empty()


async def SecretDelete(
    engine: Engine, request: api_pb2.SecretDeleteRequest, caller: Caller
) -> Empty:
    try:
        engine.store.delete(request.secret_id)
    except NotThere:
        raise not_found(f"Secret '{request.secret_id}' not found") from None
    return Empty()


def _find(engine: Engine, request: api_pb2.SecretGetOrCreateRequest) -> SecretRecord:
    environment = engine.environment(request.environment_name).name
    record = engine.store.find(environment, request.deployment_name)
    if record is None:
        raise not_found(
            f"Secret '{request.deployment_name}' not found in environment '{environment}' of the "
            f"local workspace. To create it: %modal_secret create {request.deployment_name} KEY"
        )
    return record


def _create(engine: Engine, request: api_pb2.SecretGetOrCreateRequest) -> SecretRecord:
    environment = engine.environment(request.environment_name).name
    name, values = request.deployment_name, dict(request.env_dict)
    if request.object_creation_type == api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING:
        existing = engine.store.find(environment, name)
        if existing is not None:
            return existing
    with _as_invalid():
        check_name(name)
        check_values(values, name)
    overwrite = (
        request.object_creation_type == api_pb2.OBJECT_CREATION_TYPE_CREATE_OVERWRITE_IF_EXISTS
    )
    try:
        return engine.store.create(environment, name, values, overwrite=overwrite)
    except AlreadyThere:
        raise already_exists(
            f"Secret '{name}' exists already in environment '{environment}'"
        ) from None


def _require(record: SecretRecord, required: Iterable[str]) -> None:
    missing = [key for key in required if key not in record.keys]
    if missing:
        # The service's own words, which the client shows as a `ConflictError`.
        raise precondition(f"Secret is missing key(s): {', '.join(missing)}")


def _check_pairs(values: Mapping[str, str]) -> None:
    with _as_invalid():
        for key, value in values.items():
            check_key(key)
            check_value(key, value)


@contextmanager
def _as_invalid() -> Iterator[None]:
    try:
        yield
    except ModalSecretsError as error:
        raise invalid(str(error)) from None


def _metadata(record: SecretRecord) -> api_pb2.SecretMetadata:
    return api_pb2.SecretMetadata(
        name=record.name,
        keys=record.keys,
        environment_name=record.environment,
        creation_info=api_pb2.CreationInfo(created_at=record.created_at, created_by="local"),
        last_used_at=record.last_used_at,
    )
