-- The logins of the fleet, which you keep, and how far each of them is, which `chunk.py` keeps.

CREATE TABLE billit_logins (
    login text PRIMARY KEY,
    company_ids bigint[]                   -- null: all companies that the login reaches
        CHECK (company_ids <> '{}'),
    schema text NOT NULL DEFAULT 'billit'  -- where the loader puts its rows
);

CREATE TABLE billit_states (
    login text PRIMARY KEY REFERENCES billit_logins ON DELETE CASCADE,
    state json,            -- the last STATE that the loader confirmed
    completed timestamptz, -- when it was last complete; null: its first load is not
    run text               -- the run in which it was complete
);
