-- Equal entries share their space, which an order within a company would prevent: half the cost of keeping it.
drop index signals_of_company;
create index signals_of_company on signals (organisation_id, company_id);
