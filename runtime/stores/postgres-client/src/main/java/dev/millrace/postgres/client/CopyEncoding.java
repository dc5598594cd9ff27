package dev.millrace.postgres.client;

import dev.millrace.loaders.EntityType;
import java.util.List;

/**
 * Encodes rows as for binary COPY, without a database: the work of a commit for each inserted row,
 * for benchmarks. For one thread.
 */
public final class CopyEncoding<E> {
  private final CopyRowEncoder<E> encoder;
  private final NetworkOrderBuffer buffer = new NetworkOrderBuffer();

  public CopyEncoding(EntityType<E> type, long chain) {
    this.encoder = new CopyRowEncoder<>(type, chain);
  }

  /** Encodes rows over those of the last call, and returns the number of bytes. */
  public int encode(List<E> rows) {
    buffer.clear();
    for (E row : rows) {
      encoder.row(buffer, row);
    }
    return buffer.length();
  }
}
