package dev.millrace.testkit;

import org.jspecify.annotations.Nullable;

/**
 * The state of a row after the block of a checkpoint.
 *
 * @param row null if the block deleted the row
 */
public record RowVersion(String table, Object id, long checkpoint, @Nullable Object row) {}
