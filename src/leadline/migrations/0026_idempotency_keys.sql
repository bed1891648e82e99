-- What was answered to a request that carried an Idempotency-Key, for as long as it is replayed.
create table idempotency_keys (
    organisation_id uuid not null,
    key text not null,
    fingerprint bytea not null,  -- of the request: another one with the same key is refused
    reference text,              -- what the answer is waited for by, where it comes later than the work
    status smallint,
    media_type text,
    body bytea,                  -- compressed and encrypted: it may hold a secret that is shown once
    created_at timestamptz not null default now(),
    primary key (organisation_id, key)
);
create index on idempotency_keys (created_at);
