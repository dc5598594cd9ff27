package dev.millrace.postgres.client;

import java.sql.SQLException;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyManager;

/** One {@code COPY … FROM STDIN (FORMAT binary)}: sends rows while later ones are encoded. */
public final class CopyStream implements AutoCloseable {
  private static final byte[] HEADER = {
    'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xFF, '\r', '\n', 0, 0, 0, 0, 0, 0, 0, 0, 0
  };

  /** Large enough that the cost per message vanishes, small enough that the server starts early. */
  private static final int CHUNK = 128 << 10;

  private final CopyIn copy;
  private final NetworkOrderBuffer buffer;

  public CopyStream(CopyManager manager, String sql, NetworkOrderBuffer buffer)
      throws SQLException {
    this.copy = manager.copyIn(sql);
    this.buffer = buffer;
    buffer.clear();
    buffer.putBytes(HEADER);
  }

  /** Called when the buffer ends with a complete row. */
  public void rowEnds() throws SQLException {
    if (buffer.length() >= CHUNK) {
      send();
    }
  }

  /** Sends the buffer and flushes the driver's own, so that the server begins. */
  public void push() throws SQLException {
    send();
    copy.flushCopy();
  }

  private void send() throws SQLException {
    copy.writeToCopy(buffer.bytes(), 0, buffer.length());
    buffer.clear();
  }

  /** Ends the COPY and returns the count of rows. */
  public long end() throws SQLException {
    buffer.putShort(-1);
    send();
    return copy.endCopy();
  }

  /** Cancels a COPY that has not ended. */
  @Override
  public void close() throws SQLException {
    if (copy.isActive()) {
      copy.cancelCopy();
    }
  }
}
