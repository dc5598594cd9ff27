package dev.millrace.postgres;

import dev.millrace.loaders.EntityType;
import java.util.List;

/**
 * The bytes that rows take on their way through binary COPY, without a database to take them: what
 * a benchmark measures, and what a commit does for each row it inserts. For one thread.
 */
public final class CopyEncoding<E> {
  private final RowEncoder<E> encoder;
  private final WireBuffer buffer = new WireBuffer();

  public CopyEncoding(EntityType<E> type, long chain) {
    this.encoder = new RowEncoder<>(type, chain);
  }

  /** Encodes rows over those of the last call, and says how many bytes they take. */
  public int encode(List<E> rows) {
    buffer.clear();
    for (E row : rows) {
      encoder.row(buffer, row);
    }
    return buffer.length();
  }
}
