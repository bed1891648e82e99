-- A question that is asked again and again, of one company or of a list.
create table subscriptions (
    id                      uuid primary key,
    organisation_id         uuid not null references organisations,
    template_id             uuid,                       -- null: the question stands here alone
    template_version        integer,
    name                    text not null,
    description             text,
    question                text not null,
    answer_type             text not null,
    output_schema           jsonb,
    weight                  text not null,
    qualification_criteria  jsonb,
    list_id                 uuid not null,              -- of one company alone: the subscription's own id
    domain                  text,                       -- null: the members of the list are asked
    frequency               text,                       -- the preset that cron came from, if any
    cron                    text not null,
    timezone                text not null,
    status                  text not null default 'stopped' check (status in ('active', 'stopped')),
    last_run_at             timestamptz(3),
    next_run_at             timestamptz(3) check ((next_run_at is null) = (status = 'stopped')),
    created_at              timestamptz(3) not null default now()
);
create index subscriptions_due on subscriptions (next_run_at) where status = 'active';
create index subscriptions_newest on subscriptions (organisation_id, created_at desc, id desc);

-- One run: at its moment, or because somebody asked for it. Its signals bear its id.
create table subscription_runs (
    id               uuid primary key,
    subscription_id  uuid not null references subscriptions,
    organisation_id  uuid not null,
    origin           text not null check (origin in ('schedule', 'trigger')),
    status           text not null default 'queued' check (status in ('queued', 'started', 'skipped', 'failed')),
    reason           text,                              -- why it was skipped or failed
    signals          integer not null default 0,        -- that it asked
    refused          integer not null default 0,        -- members that are no company
    due_at           timestamptz(3) not null,           -- when it should have begun
    created_at       timestamptz(3) not null default now()
);
create index subscription_runs_newest on subscription_runs (subscription_id, created_at desc, id desc);
create index subscription_runs_queued on subscription_runs (subscription_id) where status = 'queued';
