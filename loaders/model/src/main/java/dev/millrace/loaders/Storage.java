package dev.millrace.loaders;

/** The stores that keep the rows of an entity. Handlers read from PostgreSQL or memory only. */
public enum Storage {
  /** As the configuration says; both stores, where it says nothing. */
  CONFIGURED,
  POSTGRES,
  /** Rows go to the mirror alone: no handler can read them. */
  CLICKHOUSE,
  BOTH;

  /** True if PostgreSQL has a table for the rows. */
  public boolean isInPostgres() {
    return this != CLICKHOUSE;
  }

  /** True if the mirror has a table for the rows; false for {@link #CONFIGURED}. */
  public boolean isMirrored() {
    return this == CLICKHOUSE || this == BOTH;
  }
}
