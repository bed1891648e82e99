-- A page of the web is one page, whichever company's question led to it.
delete from pages p using pages q
where p.url = q.url and p.company_id <> q.company_id
  and (coalesce(p.checked_at, '-infinity'), p.company_id) < (coalesce(q.checked_at, '-infinity'), q.company_id);
alter table pages drop constraint pages_pkey;
alter table pages drop column company_id;
alter table pages add primary key (url);

-- Traces written by the engine before name no source; questions in flight begin anew, their pages are stored.
delete from signal_steps where signal_id in (select id from signals where status = 'processing');
