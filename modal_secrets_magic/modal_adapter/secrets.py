"""Named secrets: public methods exist for most of this, but none tells the names of the keys, and
none removes a key. And what is known of a `modal.Secret` object.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Any, cast

from .loaded import PATIENT, api_pb2, call, implementation, modal, synchronize_api

#: Requests on their way at the same time.
_AT_ONCE = 20


def list_secrets(client: Any, environment: str) -> list[api_pb2.SecretListItem]:
    """Return every named secret, newest first, page by page."""
    items: list[api_pb2.SecretListItem] = []
    before = 0.0
    while True:
        request = api_pb2.SecretListRequest(
            environment_name=environment,
            pagination=api_pb2.ListPagination(max_objects=100, created_before=before),
        )
        page = list(call(client, "SecretList", request).items)
        items += page
        if len(page) < 100:
            return items
        before = page[-1].created_at


def secret_metadata(client: Any, secret_id: str) -> api_pb2.SecretMetadata:
    request = api_pb2.SecretGetInfoRequest(secret_id=secret_id)
    return cast("api_pb2.SecretMetadata", call(client, "SecretGetInfo", request).metadata)


async def _metadata_of(client: Any, secret_ids: Collection[str]) -> dict[str, Any]:
    limit = asyncio.Semaphore(_AT_ONCE)

    async def one(secret_id: str) -> tuple[str, Any]:
        async with limit:
            request = api_pb2.SecretGetInfoRequest(secret_id=secret_id)
            return secret_id, (await client._stub.SecretGetInfo(request, retry=PATIENT)).metadata

    return dict(await asyncio.gather(*map(one, secret_ids)))


#: Return the metadata of many secrets by their ids, asked for side by side.
secret_metadata_of = synchronize_api(_metadata_of)


def find_secret(client: Any, name: str, environment: str) -> api_pb2.SecretGetOrCreateResponse:
    request = api_pb2.SecretGetOrCreateRequest(deployment_name=name, environment_name=environment)
    return cast("api_pb2.SecretGetOrCreateResponse", call(client, "SecretGetOrCreate", request))


def create_secret(
    client: Any, name: str, environment: str, values: dict[str, str], *, overwrite: bool
) -> None:
    how = (
        api_pb2.OBJECT_CREATION_TYPE_CREATE_OVERWRITE_IF_EXISTS
        if overwrite
        else api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS
    )
    request = api_pb2.SecretGetOrCreateRequest(
        deployment_name=name,
        environment_name=environment,
        object_creation_type=how,
        env_dict=values,
    )
    call(client, "SecretGetOrCreate", request)


def update_secret(
    client: Any, secret_id: str, values: dict[str, str], removed: Collection[str]
) -> None:
    update = api_pb2.SecretUpdateRequest.Update
    updates = [update(key=key, value=value) for key, value in values.items()]
    updates += [update(key=key) for key in removed]  # an update without a value removes the key
    call(client, "SecretUpdate", api_pb2.SecretUpdateRequest(secret_id=secret_id, updates=updates))


def delete_secret(client: Any, secret_id: str) -> None:
    call(client, "SecretDelete", api_pb2.SecretDeleteRequest(secret_id=secret_id))


def keys_of(secret: Any) -> tuple[str, ...]:
    """Return the keys of a `modal.Secret` object (`Secret._get_keys`)."""
    return tuple(sorted(secret._get_keys()))


def values_here(secret: Any) -> dict[str, str] | None:
    """Return the values of a `modal.Secret` that code made of a dictionary, a .env file or the
    environment; None for a named one (`_Secret._load_env_dict`).
    """
    load: Callable[[], dict[str, str]] | None = getattr(
        implementation(secret), "_load_env_dict", None
    )
    return None if load is None else load()


def for_another_app(secrets: Collection[Any]) -> list[Any]:
    """Return secrets for an app that ends before the ones that have them: those that code made
    get an id for each app that they are loaded for, which ends with it, and remember the latest.
    """
    given = [(secret, values_here(secret)) for secret in secrets]
    return [
        secret if values is None else modal.Secret.from_dict(dict(values))
        for secret, values in given
    ]


def forget_ids(secrets: Collection[Any]) -> None:
    """Have secrets looked up again: one may have been deleted and created anew since
    (`_Object._unhydrate`; Modal itself keeps the id of a named secret for ever).
    """
    for secret in secrets:
        implementation(secret)._unhydrate()
