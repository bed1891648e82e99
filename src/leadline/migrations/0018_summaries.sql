-- What the completed signals of a company say together.
create table summaries (
    id               uuid primary key,
    organisation_id  uuid not null references organisations,
    company_id       uuid not null references companies,
    status           text not null default 'processing' check (status in ('processing', 'completed', 'failed')),
    summary          jsonb not null default '[]',
    signals_count    integer not null,
    made_of          bytea not null,                 -- hash of the signals and of who writes: the same again is nothing new
    created_at       timestamptz(3) not null default now(),
    updated_at       timestamptz(3) not null default now()
);
create unique index summaries_running on summaries (organisation_id, company_id) where status = 'processing';
create index summaries_newest on summaries (organisation_id, company_id, created_at desc, id desc);
