-- What accepting a signal writes besides the row itself is most of what accepting costs.
--
-- Organisations and companies are never deleted, and the services that write these rows have just read or made the
-- rows they point at, in the same transaction: the checks never find anything.
alter table signals
    drop constraint signals_organisation_id_fkey,
    drop constraint signals_company_id_fkey;
alter table credit_entries drop constraint credit_entries_organisation_id_fkey;

-- A domain is filtered by its company, whose two spellings it may have; nothing reads the newest entries.
drop index signals_of_host, credit_entries_newest;
