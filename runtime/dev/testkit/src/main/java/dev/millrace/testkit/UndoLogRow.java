package dev.millrace.testkit;

import org.jspecify.annotations.Nullable;

/**
 * The state of a row before the block of a checkpoint changed it.
 *
 * @param before null if there was no row
 */
public record UndoLogRow(String table, Object id, long checkpoint, @Nullable Object before) {}
