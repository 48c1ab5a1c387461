-- Stores a spec; a known one is left alone. ?1 digest, ?2 bytes. Key: digest.
INSERT INTO spec (digest, bytes) VALUES (?1, ?2) ON CONFLICT (digest) DO NOTHING
