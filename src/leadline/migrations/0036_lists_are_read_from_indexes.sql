-- A list is counted, filtered and cut to its page by these alone; only the rows of the page are then read.
drop index signals_newest, signals_of_contacts, signals_by_completion;
create index signals_newest on signals (organisation_id, created_at desc, id desc) include (status, completed_at)
    where contact_profile_url is null;
create index signals_of_contacts on signals (organisation_id, created_at desc, id desc) include (status, completed_at)
    where contact_profile_url is not null;
create index signals_by_completion on signals (organisation_id, completed_at desc) include (status)
    where completed_at is not null and contact_profile_url is null;
