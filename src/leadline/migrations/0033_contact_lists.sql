-- Frozen copies of people who were found by one search (contract section 17).
create table contact_lists (
    id               uuid primary key,
    organisation_id  uuid not null,
    name             text not null,
    filters          jsonb not null,
    contact_count    integer not null,
    created_at       timestamptz(3) not null default now(),
    updated_at       timestamptz(3) not null default now()
);
create index contact_lists_newest on contact_lists (organisation_id, id desc);
create table contact_list_items (
    id               uuid primary key,
    list_id          uuid not null references contact_lists on delete cascade,
    organisation_id  uuid not null,
    person_id        uuid not null,             -- who it is, in whichever lists
    profile          jsonb not null,            -- as it was found then
    place            integer not null,
    created_at       timestamptz(3) not null default now()
);
create index contact_list_items_in_order on contact_list_items (list_id, place);
create index contact_list_items_of_person on contact_list_items (organisation_id, person_id);
