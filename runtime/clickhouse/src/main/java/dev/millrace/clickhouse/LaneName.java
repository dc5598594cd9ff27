package dev.millrace.clickhouse;

/** Whose rows: of which indexer, from which chain. */
record LaneName(String indexer, long chain) {}
