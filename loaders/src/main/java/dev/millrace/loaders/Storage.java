package dev.millrace.loaders;

/** Which stores keep the rows of an entity. Handlers read from PostgreSQL or memory only. */
public enum Storage {
  /** As the configuration says; both, where it says nothing. */
  CONFIGURED,
  POSTGRES,
  /** Rows go to the mirror alone: no handler can read them. */
  CLICKHOUSE,
  BOTH;

  /** Whether PostgreSQL has a table for them. */
  public boolean isInPostgres() {
    return this != CLICKHOUSE;
  }

  /** Whether the mirror has one; of {@link #CONFIGURED}, not before somebody has said so. */
  public boolean isMirrored() {
    return this == CLICKHOUSE || this == BOTH;
  }
}
