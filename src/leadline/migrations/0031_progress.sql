-- Which running signals somebody watches, and what these tell. Both are views of what goes on: a crash of the server may lose
-- them, so their writes need not wait for the disk.
create unlogged table signal_watches (
    signal_id  uuid primary key,
    until      timestamptz not null
);
create unlogged table signal_progress (
    id         bigint generated always as identity primary key,
    signal_id  uuid not null,
    step       text not null,
    detail     text not null,
    facts      jsonb not null,
    told_at    timestamptz(3) not null
);
create index on signal_progress (signal_id, id);
create index on signal_progress (told_at);

-- What was asked for at once, to be looked at by its number. A row of it that was refused has no signal.
create table signal_batches (
    id               uuid primary key,
    organisation_id  uuid not null,
    signal_ids       uuid[] not null,
    refusals         jsonb not null,
    created_at       timestamptz(3) not null default now()
);
create index on signal_batches (created_at);
