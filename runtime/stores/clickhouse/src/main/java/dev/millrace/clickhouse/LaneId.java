package dev.millrace.clickhouse;

/** The origin of rows: the indexer and the chain. */
record LaneId(String indexer, long chain) {}
