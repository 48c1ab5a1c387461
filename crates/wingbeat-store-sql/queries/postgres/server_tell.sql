-- Tells the other servers something short. $1 what.
SELECT pg_notify('wingbeat' || hashtext(current_schema()), $1)
