-- How often a key may call, over all API processes. Unlogged: after a crash the buckets are full, which does no harm.
create unlogged table rate_buckets (
    key_id     uuid not null references api_keys on delete cascade,
    bucket     text not null,                  -- reads, writes, or an operation with a limit of its own
    tokens     double precision not null,      -- at the moment filled_at
    filled_at  timestamptz not null,
    leased     integer not null,               -- by the last lease
    primary key (key_id, bucket)
) with (fillfactor = 50);
