-- Customers' accounts at vendors. What a vendor is called with is encrypted with LEADLINE_SECRET_KEY.
create table connections (
    id               uuid primary key,
    organisation_id  uuid not null references organisations,
    connector        text not null,
    account          text not null,             -- whose account it is: the vendor's own id of it
    name             text not null default '',  -- of the account's holder, as the vendor says
    address          text not null,             -- origin that the vendor answers at
    sealed           bytea not null,
    daily_profiles   integer not null,
    daily_results    integer not null,
    status           text not null default 'ready-to-connect' check (status in
        ('connected', 'disconnected', 'needs-authentication', 'ready-to-connect', 'error')),
    last_error       text,
    checked_at       timestamptz(3),
    created_at       timestamptz(3) not null default now(),
    replaced_at      timestamptz(3),
    unique (organisation_id, connector, account)
);
create index connections_to_check on connections (checked_at nulls first);

create table pinned_connections (
    key_id         uuid primary key references api_keys on delete cascade,
    connection_id  uuid not null references connections
);
create index pinned_connections_by_connection on pinned_connections (connection_id);

-- What was asked of an account on a day (UTC). Of the account, whoever linked it: the vendor counts so too.
create table account_usage (
    connector  text not null,
    account    text not null,
    what       text not null,
    day        date not null,
    used       integer not null,
    primary key (connector, account, what, day)
);
