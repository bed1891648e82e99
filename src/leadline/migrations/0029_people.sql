-- People an organisation brought along, or that companies it asks about name on their own pages.
create table people (
    id                   uuid primary key,
    organisation_id      uuid not null,
    full_name            text not null,
    first_name           text not null,
    last_name            text not null,
    headline             text not null,
    summary              text not null,
    location             text not null,
    country              text,                            -- ISO 3166-1 alpha-2
    avatar               text,
    profile_url          text,
    sales_navigator_url  text,
    member_id            text,
    email                text,
    seniority            text,
    department           text,
    positions            jsonb not null,
    origins              jsonb not null,                  -- the files and pages they were found in, newest first
    provenance           jsonb not null,                  -- of each field, which of them its value is from
    terms                tsvector not null,               -- what they are looked up by (contacts/words.py)
    first_seen_at        timestamptz(3) not null default now(),  -- retention counts from here; nothing renews it
    updated_at           timestamptz(3) not null default now()
);
create index people_of_organisation on people (organisation_id, id);
create index people_terms on people using gin (terms);
create index people_by_age on people (first_seen_at);

-- What a person is recognised by: profile address, member id, mail address, name at a company.
create table people_identities (
    organisation_id  uuid not null,
    identity         text not null,
    person_id        uuid not null references people on delete cascade,
    primary key (organisation_id, identity)
);
create index people_identities_of_person on people_identities (person_id);

-- Of whom was erased, only enough to know that they come again.
create table suppressed_people (
    organisation_id  uuid not null,
    identity_hash    bytea not null,
    erased_at        timestamptz(3) not null default now(),
    primary key (organisation_id, identity_hash)
);

-- Which profile of a company the people on its pages were taken from.
create table collected_people (
    organisation_id  uuid not null,
    company_id       uuid not null references companies,
    profile_of       timestamptz(3) not null,
    primary key (organisation_id, company_id)
);
create index company_profiles_linkedin on company_profiles
    (lower(rtrim(split_part(profile #>> '{fields,linkedin,value}', 'linkedin.com/', 2), '/')));
create index company_profiles_leading on company_profiles (company_id)
    where profile #> '{fields,leadership}' is not null;
