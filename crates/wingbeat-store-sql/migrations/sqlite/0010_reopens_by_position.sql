-- Which children a retry of their parent may run again is told by positions, not by clocks, which differ and jump.

UPDATE action SET reopens_since = coalesce((
    SELECT max(child.changed) FROM action child
    WHERE child.run_id = action.run_id AND child.parent = action.name AND child.ended_at <= action.reopens_since
), 0)
WHERE reopens_since IS NOT NULL;
