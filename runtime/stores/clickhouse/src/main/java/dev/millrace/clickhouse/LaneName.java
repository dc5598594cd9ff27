package dev.millrace.clickhouse;

/** The origin of rows: the indexer and the chain. */
record LaneName(String indexer, long chain) {}
