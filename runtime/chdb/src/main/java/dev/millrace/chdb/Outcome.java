package dev.millrace.chdb;

import java.nio.ByteBuffer;

/**
 * How a query ended.
 *
 * @param text what it returned, unless that went through a pipe
 */
record Outcome(
    ByteBuffer text,
    long resultRows,
    long readRows,
    long readBytes,
    long writtenRows,
    long writtenBytes) {}
