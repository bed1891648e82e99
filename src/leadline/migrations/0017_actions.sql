-- Listeners that stay: they are called about every event of their reference, until they are taken away or answer 410.
alter table webhook_listeners
    add column standing  boolean not null default false,
    add column signed    boolean not null default true,
    add column gone      boolean not null default false;
alter table webhook_deliveries add column signed boolean not null default true;

-- What is done when an answer of a subscription changed.
create table subscription_actions (
    id               uuid primary key,
    subscription_id  uuid not null references subscriptions,
    organisation_id  uuid not null,
    url              text not null,
    enabled          boolean not null default true,
    created_at       timestamptz(3) not null default now(),
    updated_at       timestamptz(3) not null default now()
);
create index subscription_actions_newest on subscription_actions (subscription_id, created_at desc, id desc);
