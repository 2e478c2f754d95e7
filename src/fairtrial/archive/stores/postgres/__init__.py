"""The store on a PostgreSQL server with pgvector, for an archive that many machines share."""
