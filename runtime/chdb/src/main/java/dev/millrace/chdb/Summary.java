package dev.millrace.chdb;

import java.nio.ByteBuffer;

/**
 * {@code X-ClickHouse-Summary}: what a query did, in numbers that are strings, as ClickHouse has
 * it.
 */
record Summary(Outcome outcome, long resultBytes, long elapsedNanos) {
  static final Outcome NOTHING = new Outcome(ByteBuffer.allocate(0), 0, 0, 0, 0, 0);

  String json() {
    // An INSERT counts the rows that it wrote as those of its result.
    boolean wrote = outcome.writtenRows() > 0;
    return """
    {"read_rows":"%d","read_bytes":"%d","written_rows":"%d","written_bytes":"%d",\
    "total_rows_to_read":"0","result_rows":"%d","result_bytes":"%d","elapsed_ns":"%d"}\
    """
        .formatted(
            wrote && outcome.readRows() == 0 ? outcome.writtenRows() : outcome.readRows(),
            wrote && outcome.readBytes() == 0 ? outcome.writtenBytes() : outcome.readBytes(),
            outcome.writtenRows(),
            outcome.writtenBytes(),
            wrote ? outcome.writtenRows() : outcome.resultRows(),
            wrote ? outcome.writtenBytes() : resultBytes,
            elapsedNanos);
  }
}
