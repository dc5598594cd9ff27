package dev.millrace.chain;

import dev.millrace.evm.LogFilter;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.pipeline.Block;
import dev.millrace.rpc.LogColumns;
import dev.millrace.rpc.LogWriter;
import java.time.Instant;
import java.util.Set;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** Parts of logs: those of a filter, and those of some blocks. */
final class LogSelection {
  /** A time behind this is none: the header is asked when a handler reads it. */
  private static final long LATEST = Instant.MAX.getEpochSecond();

  private LogSelection() {}

  /** Those logs whose index passes; the same columns if all do. */
  static LogColumns of(LogColumns logs, IntPredicate passes) {
    int kept = 0;
    while (kept < logs.size() && passes.test(kept)) {
      kept++;
    }
    if (kept == logs.size()) {
      return logs;
    }
    LogWriter writer = new LogWriter();
    LogColumns.Cursor cursor = logs.cursor();
    while (cursor.next()) {
      int log = cursor.index();
      if (passes.test(log)) {
        Instant time = time(logs.blockTime(log));
        writer.add(cursor.log(new Block(cursor.blockNumber(), cursor.blockHash(), null, time)));
      }
    }
    return writer.finish();
  }

  /** The same logs where nothing is said of the times of their blocks. */
  static LogColumns withoutTimes(LogColumns logs) {
    LogWriter writer = new LogWriter();
    LogColumns.Cursor cursor = logs.cursor();
    while (cursor.next()) {
      writer.add(cursor.log(new Block(cursor.blockNumber(), cursor.blockHash(), null, null)));
    }
    return writer.finish();
  }

  /** The time of a block as its logs say it; null if they say none that can be. */
  static @Nullable Instant time(long seconds) {
    return seconds < 0 || seconds > LATEST ? null : Instant.ofEpochSecond(seconds);
  }

  /** A test of logs against a filter. */
  static IntPredicate matching(LogColumns logs, LogFilter filter) {
    Set<Address> addresses = Set.copyOf(filter.addresses());
    Set<Bytes32> topics = Set.copyOf(filter.topics());
    return log ->
        (addresses.isEmpty() || addresses.contains(logs.contract(log)))
            && (topics.isEmpty() || (logs.topics(log) > 0 && topics.contains(logs.topic(log, 0))));
  }
}
