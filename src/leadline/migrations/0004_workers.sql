-- Which processes work, and how much each takes at once: admission puts no more into the queue than they do.
create table workers (
    id           uuid primary key,
    host         text not null,
    pid          integer not null,
    concurrency  integer not null check (concurrency > 0),
    started_at   timestamptz not null default now(),
    seen_at      timestamptz not null default now()
);

-- The release of the queue's library whose own tables this database has; they are made by that library.
create table queue_schema (
    only_row  boolean primary key default true check (only_row),
    release   text not null
);

-- Admission looks organisation by organisation and reader by reader, so that a reader that is busy with all it
-- can do does not keep an organisation's other questions waiting.
drop index signals_due;
create index signals_due on signals (organisation_id, reader, id)
    where status = 'processing' and admitted_at is null;
