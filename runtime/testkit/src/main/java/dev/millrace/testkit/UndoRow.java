package dev.millrace.testkit;

import org.jspecify.annotations.Nullable;

/**
 * What stood in a table before the block of a checkpoint changed it.
 *
 * @param before null where no row stood there
 */
public record UndoRow(String table, Object id, long checkpoint, @Nullable Object before) {}
