-- A signal is about a company, or about a person, who is known by the address of a profile.
alter table signals
    alter column company_id drop not null,
    alter column asked_host drop not null,
    add column contact_profile_url text,
    add column contact_name text,                              -- as a directory has it; null until it was looked up
    add column sales_navigator text not null default 'auto',   -- off, auto, on
    add constraint signals_have_one_subject check ((contact_profile_url is null) = (company_id is not null));
create index signals_of_contact on signals (organisation_id, contact_profile_url, created_at desc, id desc)
    where contact_profile_url is not null;
create index signals_of_contacts on signals (organisation_id, created_at desc, id desc)
    where contact_profile_url is not null;
