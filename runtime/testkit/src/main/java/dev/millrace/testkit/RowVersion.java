package dev.millrace.testkit;

import org.jspecify.annotations.Nullable;

/**
 * What the block of a checkpoint has left of a row.
 *
 * @param row null where it was deleted
 */
public record RowVersion(String table, Object id, long checkpoint, @Nullable Object row) {}
