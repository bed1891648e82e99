-- The looks before, company by company: a value that comes back is told when it stays.
create index signals_of_subscription_and_company on signals (subscription_id, company_id, created_at desc, id desc)
    where subscription_id is not null;
