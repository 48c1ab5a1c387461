-- Sets a value if there is none. ?1 name, ?2 value. Key: name.
INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING
