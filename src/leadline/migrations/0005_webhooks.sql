-- Who is called when a signal is finished, and how often that was tried.

create table webhook_secrets (
    organisation_id  uuid primary key references organisations,
    sealed           bytea not null,            -- encrypted with LEADLINE_SECRET_KEY
    previous_sealed  bytea,                     -- the one before, signed with as well until previous_until
    previous_until   timestamptz,
    created_at       timestamptz not null default now()
);

alter table signals add column hooked boolean not null default false;    -- somebody is to be called about it

create table signal_webhooks (
    signal_id  uuid not null references signals on delete cascade,
    url        text not null,
    primary key (signal_id, url)
);

create table webhook_deliveries (
    id               uuid primary key,          -- "webhook-id": the same over all tries
    organisation_id  uuid not null references organisations,
    signal_id        uuid not null references signals on delete cascade,
    url              text not null,
    body             bytea not null,            -- the same bytes on every try
    status           text not null default 'pending' check (status in ('pending', 'delivered', 'failed')),
    attempts         integer not null default 0,
    next_attempt_at  timestamptz not null default now(),
    last_status      integer,                   -- HTTP status of the last try, if there was an answer
    last_error       text,
    created_at       timestamptz not null default now(),
    delivered_at     timestamptz,
    unique (signal_id, url)
);
create index webhook_deliveries_due on webhook_deliveries (next_attempt_at) where status = 'pending';
