package dev.millrace.rpc;

/**
 * All logs of whole blocks that one endpoint told.
 *
 * @param from the first block
 * @param reached the last block that the page speaks for
 * @param endpoint the name of who told it
 */
public record LogPage(long from, long reached, LogColumns logs, String endpoint) {}
