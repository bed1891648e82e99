-- Durable work of any kind: what is still to be done, by whom it is being done, how often that was tried. An item
-- bears the id of the thing it is done for, and goes when that is finished: the table stays as small as the work.
create table work_items (
    id               uuid primary key,
    kind             text not null,
    organisation_id  uuid not null,
    lane             text not null,             -- what it uses up, such as a reader or a host; capped over all workers
    attempts         integer not null default 0,    -- processes that began it since it last ended in any way
    failures         integer not null default 0,    -- exceptions it ended in
    not_before       timestamptz,               -- waits for this moment; null: due
    admitted_at      timestamptz,               -- put into the queue, or begun in line, at
    lease_holder     uuid,
    lease_until      timestamptz,
    created_at       timestamptz not null default now()
);
-- Admission looks kind by kind, organisation by organisation and lane by lane, oldest first.
create index work_items_due on work_items (kind, organisation_id, lane, id)
    where admitted_at is null and not_before is null;
create index work_items_in_work on work_items (kind) where admitted_at is not null;
create index work_items_waiting on work_items (not_before) where not_before is not null;

-- Signals in flight are begun anew; their traces say how far they came.
insert into work_items (id, kind, organisation_id, lane, attempts, created_at)
select id, 'signal', organisation_id, reader, attempts, created_at from signals where status = 'processing';

drop index signals_due, signals_in_work;
alter table signals
    drop column attempts, drop column lease_holder, drop column lease_until, drop column admitted_at;

-- What a worker does at once, kind by kind.
delete from workers;
alter table workers drop column concurrency, add column places jsonb not null;

-- The queue's jobs had other names; what they carried is admitted again.
do $$ begin
    if to_regclass('pgqueuer') is not null then
        delete from pgqueuer;
    end if;
end $$;
