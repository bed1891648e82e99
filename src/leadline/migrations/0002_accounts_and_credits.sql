-- API keys. A key has 256 random bits, so a plain SHA-256 of it cannot be turned back.
create table api_keys (
    id                 uuid primary key,
    organisation_id    uuid not null references organisations,
    name               text not null,
    key_hash           bytea not null unique check (octet_length(key_hash) = 32),
    hint               text not null,       -- the last four characters, to tell keys apart
    scopes             text[] not null,
    spend_cap          bigint check (spend_cap >= 0),        -- credits per billing period; null = none
    reads_per_minute   integer check (reads_per_minute > 0),    -- null here and below: the server's setting
    reads_burst        integer check (reads_burst > 0),
    writes_per_minute  integer check (writes_per_minute > 0),
    writes_burst       integer check (writes_burst > 0),
    sync_timeout       integer check (sync_timeout between 1 and 900),   -- seconds
    created_at         timestamptz not null default now(),
    last_used_at       timestamptz,         -- true to about a minute
    revoked_at         timestamptz
);
create index api_keys_of_organisation on api_keys (organisation_id, created_at);

-- null: the server's setting
alter table organisations add column monthly_credits bigint check (monthly_credits >= 0);

-- What an organisation can still spend. A row is locked by whoever spends, so nothing is spent twice; it is made
-- and brought to the current billing period when it is first touched. A period is a calendar month, UTC.
create table credit_balances (
    organisation_id  uuid primary key references organisations,
    period           date not null,                              -- first day of the billing period
    allowance        bigint not null check (allowance >= 0),     -- left of the period's allowance, lost at its end
    granted          bigint not null check (granted >= 0)        -- left of grants, kept
);

-- The ledger. For every organisation the sum of "change" is allowance + granted of its balance.
create table credit_entries (
    id               bigint generated always as identity primary key,
    organisation_id  uuid not null references organisations,
    kind             text not null check (kind in
                         ('allowance', 'expiry', 'grant', 'reserve', 'capture', 'release')),
    credits          bigint not null check (credits >= 0),
    change           bigint not null generated always as (
                         case when kind in ('allowance', 'grant', 'release') then credits
                              when kind in ('reserve', 'expiry') then -credits
                              else 0 end) stored,
    from_allowance   bigint not null default 0 check (from_allowance between 0 and credits),
    period           date not null,
    signal_id        uuid,          -- no reference: the ledger outlives pruned signals
    key_id           uuid,
    note             text,
    created_at       timestamptz not null default now(),
    check ((signal_id is not null) = (kind in ('reserve', 'capture', 'release')))
);
create unique index credit_entries_reserved_once on credit_entries (signal_id) where kind = 'reserve';
create unique index credit_entries_settled_once on credit_entries (signal_id) where kind in ('capture', 'release');
create unique index credit_entries_one_allowance on credit_entries (organisation_id, period) where kind = 'allowance';
create index credit_entries_newest on credit_entries (organisation_id, id desc);

create function credit_entries_are_kept() returns trigger language plpgsql as $$
begin
    raise exception 'credit_entries is append-only: % refused', lower(tg_op) using errcode = 'restrict_violation';
end $$;
create trigger credit_entries_are_kept before update or delete or truncate on credit_entries
    for each statement execute function credit_entries_are_kept();

-- What each key reserved in its current billing period, for its spend cap.
create table key_spending (
    key_id   uuid primary key references api_keys,
    period   date not null,
    credits  bigint not null check (credits >= 0)
);

-- The list's filters.
create index signals_of_host on signals (organisation_id, asked_host, created_at desc, id desc);
create index signals_of_company on signals (organisation_id, company_id, created_at desc, id desc);
create index signals_by_completion on signals (organisation_id, completed_at desc) where completed_at is not null;
