"""What `with_options` makes of a function's definition."""

from __future__ import annotations

from modal_proto import api_pb2


def with_options(base: api_pb2.Function, options: api_pb2.FunctionOptions) -> api_pb2.Function:
    """Return a variant's definition; the secrets of `with_options` replace the function's."""
    definition = api_pb2.Function()
    definition.CopyFrom(base)
    if options.replace_secret_ids or options.secret_ids:
        del definition.secret_ids[:]
        definition.secret_ids.extend(options.secret_ids)
    if options.HasField("retry_policy"):
        definition.retry_policy.CopyFrom(options.retry_policy)
    if options.HasField("resources"):
        definition.resources.CopyFrom(options.resources)
    settings = definition.autoscaler_settings
    for theirs, ours in (
        ("concurrency_limit", "max_containers"),
        ("task_idle_timeout_secs", "scaledown_window"),
        ("buffer_containers", "buffer_containers"),
        ("warm_pool_size", "min_containers"),
    ):
        if options.HasField(theirs):  # type: ignore[arg-type]
            setattr(settings, ours, getattr(options, theirs))
    for theirs, ours in (
        ("warm_pool_size", "warm_pool_size"),
        ("timeout_secs", "timeout_secs"),
        ("task_idle_timeout_secs", "task_idle_timeout_secs"),
        ("target_concurrent_inputs", "target_concurrent_inputs"),
        ("max_concurrent_inputs", "max_concurrent_inputs"),
        ("batch_max_size", "batch_max_size"),
        ("batch_linger_ms", "batch_linger_ms"),
    ):
        if options.HasField(theirs):  # type: ignore[arg-type]
            setattr(definition, ours, getattr(options, theirs))
    return definition
