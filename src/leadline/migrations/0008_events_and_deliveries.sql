-- Credits are reserved for anything, not for signals alone.
alter table credit_entries rename column signal_id to reference;

-- What an organisation gets each month, where that is not the server's setting: the ledger's own knowledge.
create table credit_allowances (
    organisation_id  uuid primary key references organisations,
    monthly          bigint not null check (monthly >= 0)
);
insert into credit_allowances (organisation_id, monthly)
select id, monthly_credits from organisations where monthly_credits is not null;
alter table organisations drop column monthly_credits;

-- What happened. Written unnumbered by whoever does it, numbered once it is committed, organisation by organisation.
create table events (
    id               uuid primary key,
    organisation_id  uuid not null references organisations,
    sequence         bigint check (sequence > 0),      -- null: not yet numbered
    type             text not null,
    reference        uuid not null,                    -- what it happened to
    body             bytea not null,                   -- JSON, as the thing was shown then
    created_at       timestamptz not null default now()
);
create unique index events_in_order on events (organisation_id, sequence) where sequence is not null;
create index events_to_number on events (id) where sequence is null;
create table event_counters (
    organisation_id  uuid primary key references organisations,
    last             bigint not null check (last >= 0)
);

-- Whom to tell of what happens to a thing.
alter table signal_webhooks rename to webhook_listeners;
alter table webhook_listeners rename column signal_id to reference;
alter table webhook_listeners drop constraint signal_webhooks_signal_id_fkey;
alter table signals drop column hooked;

-- A delivery is made of an event for a listener; calling is work like any other.
insert into events (id, organisation_id, type, reference, body, created_at)
select distinct on (signal_id) gen_random_uuid(), organisation_id, 'signal.completed', signal_id, body, created_at
from webhook_deliveries order by signal_id, created_at;
alter table webhook_deliveries add column event_id uuid;
update webhook_deliveries d set event_id = e.id from events e where e.reference = d.signal_id;
insert into work_items (id, kind, organisation_id, lane, not_before)
select id, 'webhook', organisation_id, split_part(split_part(url, '://', 2), '/', 1), next_attempt_at
from webhook_deliveries where status = 'pending';
drop index webhook_deliveries_due;
alter table webhook_deliveries
    alter column event_id set not null,
    add unique (event_id, url),
    drop constraint webhook_deliveries_signal_id_url_key,
    drop constraint webhook_deliveries_signal_id_fkey,
    drop column body;
alter table webhook_deliveries rename column signal_id to reference;
create index webhook_deliveries_of_reference on webhook_deliveries (reference);
create index webhook_deliveries_newest on webhook_deliveries (organisation_id, created_at desc);
