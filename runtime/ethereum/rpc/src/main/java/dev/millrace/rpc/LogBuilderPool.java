package dev.millrace.rpc;

import java.util.concurrent.ArrayBlockingQueue;

/**
 * Builders of logs that are used again, so that a reply costs no new arrays. Few are kept, and none
 * that one large reply has made large: their memory is never given back otherwise. Any thread.
 */
final class LogBuilderPool {
  static final int MAX_KEPT = 8;

  /** Bytes of a builder that is kept; a reply of the size that is aimed at needs less. */
  static final long MAX_ROOM = 8 << 20;

  private final ArrayBlockingQueue<LogColumnsBuilder> kept = new ArrayBlockingQueue<>(MAX_KEPT);

  LogColumnsBuilder take() {
    LogColumnsBuilder builder = kept.poll();
    return builder == null ? new LogColumnsBuilder() : builder;
  }

  /** Takes a builder back for a later reply. */
  void giveBack(LogColumnsBuilder builder) {
    if (builder.room() <= MAX_ROOM) {
      boolean _ = kept.offer(builder);
    }
  }
}
