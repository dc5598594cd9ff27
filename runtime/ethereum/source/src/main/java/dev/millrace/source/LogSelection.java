package dev.millrace.source;

import dev.millrace.evm.LogFilter;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.rpc.LogColumns;
import dev.millrace.rpc.LogColumnsBuilder;
import java.time.Instant;
import java.util.Set;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** Selection of logs by filter, and of their times. */
final class LogSelection {
  /** A time behind this counts as none: the header is asked when a handler reads it. */
  private static final long LATEST = Instant.MAX.getEpochSecond();

  private LogSelection() {}

  /** Returns the logs whose index passes; the same instance if all do. */
  static LogColumns of(LogColumns logs, IntPredicate passes) {
    int kept = 0;
    while (kept < logs.size() && passes.test(kept)) {
      kept++;
    }
    if (kept == logs.size()) {
      return logs;
    }
    LogColumnsBuilder writer = new LogColumnsBuilder();
    LogColumns.Cursor cursor = logs.cursor();
    while (cursor.next()) {
      int log = cursor.index();
      if (passes.test(log)) {
        Instant time = time(logs.blockTime(log));
        writer.add(
            cursor.log(new SourceBlock(cursor.blockNumber(), cursor.blockHash(), null, time)));
      }
    }
    return writer.finish();
  }

  /** Returns the logs without the times of their blocks. */
  static LogColumns withoutTimes(LogColumns logs) {
    LogColumnsBuilder writer = new LogColumnsBuilder();
    LogColumns.Cursor cursor = logs.cursor();
    while (cursor.next()) {
      writer.add(cursor.log(new SourceBlock(cursor.blockNumber(), cursor.blockHash(), null, null)));
    }
    return writer.finish();
  }

  /** Returns the time of a block; null if the logs carry none, or an impossible one. */
  static @Nullable Instant time(long seconds) {
    return seconds < 0 || seconds > LATEST ? null : Instant.ofEpochSecond(seconds);
  }

  /** Returns a test of logs against a filter. */
  static IntPredicate matching(LogColumns logs, LogFilter filter) {
    Set<Address> addresses = Set.copyOf(filter.addresses());
    Set<Bytes32> topics = Set.copyOf(filter.topics());
    return log ->
        (addresses.isEmpty() || addresses.contains(logs.contract(log)))
            && (topics.isEmpty() || (logs.topics(log) > 0 && topics.contains(logs.topic(log, 0))));
  }
}
