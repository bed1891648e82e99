-- Summaries that are to be made once these signals are finished.
create table summary_wishes (
    id               uuid primary key,
    organisation_id  uuid not null references organisations,
    domain           text not null,
    signal_ids       uuid[] not null,
    created_at       timestamptz(3) not null default now()
);
